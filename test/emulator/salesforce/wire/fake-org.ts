import {
  type DeployComponent,
  type FieldValues,
  type Org,
  type QueryResult,
  type SaveResult,
  VendorError,
  type WriteLogEntry,
  type WriteOptions,
} from "../../../../src/emulator/salesforce/org.ts";
import type { EmulatorClock } from "../../../../src/emulator/server/emulator-clock.ts";

type Row = Record<string, unknown>;

const PREFIXES: Readonly<Record<string, string>> = { Lead: "00Q", Contact: "003", Task: "00T", User: "005" };

const TYPES: Readonly<Record<string, string>> = {
  Id: "id",
  IsConverted: "boolean",
  AnnualRevenue: "currency",
  NumberOfEmployees: "int",
  OwnerId: "reference",
  CreatedDate: "datetime",
};

/** An org as small as the wire's tests need it: rows in maps, a query that only knows its FROM and its LIMIT. */
export interface FakeOrg extends Org {
  readonly deployed: readonly DeployComponent[];
  /** Rows whose LastName is this are refused. */
  refuseLastName: string | undefined;
  metadataStamp: Date;
}

const emptyResult = { isCountOnly: false, maxPageRows: 2000 };

const refused = (statusCode: string, message: string, fields: readonly string[] = []): SaveResult => ({
  success: false,
  errors: [{ statusCode, message, fields }],
});

export function createFakeOrg(clock: EmulatorClock): FakeOrg {
  let tables = new Map<string, Map<string, Row>>();
  const writes: WriteLogEntry[] = [];
  const deployed: DeployComponent[] = [];
  let sequence = 0;
  const table = (object: string) => {
    const key = Object.keys(PREFIXES).find((name) => name.toLowerCase() === object.toLowerCase());
    if (key === undefined) throw new VendorError(404, "NOT_FOUND", "The requested resource does not exist");
    const known = tables.get(key) ?? new Map<string, Row>();
    tables.set(key, known);
    return { name: key, rows: known };
  };
  const log = (object: string, id: string, row: FieldValues, options: WriteOptions) =>
    writes.push({
      at: clock.now().toISOString(),
      crm: "salesforce",
      operation: options.operation,
      object,
      id,
      fields: Object.keys(row).filter((name) => name !== "Id"),
    });
  const undoable = (allOrNone: boolean, work: () => SaveResult[]): SaveResult[] => {
    const before = structuredClone(tables);
    const logged = writes.length;
    const results = work();
    if (!allOrNone || results.every((result) => result.success)) return results;
    tables = before;
    writes.length = logged;
    return results.map((result) =>
      result.success ? refused("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back") : result,
    );
  };
  const org: FakeOrg = {
    organizationId: "00D000000000001AAA",
    clock,
    integrationUser: { id: "005000000000001AAA", username: "integration@ripeline.example" },
    adminUser: { id: "005000000000002AAA", username: "admin@ripeline.example" },
    writes,
    deployed,
    refuseLastName: undefined,
    metadataStamp: new Date("2026-05-01T00:00:00Z"),
    recordCountAtStart: () => 0,
    recordCount: () => [...tables.values()].reduce((sum, rows) => sum + rows.size, 0),
    recordCounts: () => [...tables].map(([name, rows]) => ({ name, count: rows.size })),
    storageLimit: () => undefined,
    deletedRecords: () => [],
    query: (_session, soql): QueryResult => {
      if (!/^select\b/i.test(soql.trim())) {
        throw new VendorError(400, "MALFORMED_QUERY", "unexpected token: 'SELEC'");
      }
      const { name, rows } = table(/\bfrom\s+(\w+)/i.exec(soql)?.[1] ?? "");
      const columns = (/select\s+(.*?)\s+from/is.exec(soql)?.[1] ?? "").split(/\s*,\s*/);
      const equal = /where\s+(\w+)\s*=\s*'([^']*)'/i.exec(soql);
      const limit = Number(/limit\s+(\d+)/i.exec(soql)?.[1] ?? Number.POSITIVE_INFINITY);
      const found = [...rows.values()]
        .filter((row) => equal === null || row[equal[1] ?? ""] === equal[2])
        .slice(0, limit);
      if (/count\(\)/i.test(soql)) {
        return {
          ...emptyResult,
          isCountOnly: true,
          entity: name,
          columns: [],
          totalSize: found.length,
          record: () => ({}),
          cells: () => [],
        };
      }
      const cell = (row: Row | undefined, column: string) => {
        const value = row?.[column];
        return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
          ? value
          : null;
      };
      return {
        ...emptyResult,
        entity: name,
        columns,
        totalSize: found.length,
        record: (index) => ({
          attributes: {
            type: name,
            url: `/services/data/v67.0/sobjects/${name}/${String(found[index]?.["Id"])}`,
          },
          ...Object.fromEntries(columns.map((column) => [column, cell(found[index], column)])),
        }),
        cells: (index) => columns.map((column) => cell(found[index], column)),
      };
    },
    describeGlobal: () => Object.keys(PREFIXES).map((name) => ({ name, keyPrefix: PREFIXES[name] })),
    describe: (_session, object) => ({
      name: table(object).name,
      fields: [
        "Id",
        "LastName",
        "Company",
        "Key__c",
        "IsConverted",
        "AnnualRevenue",
        "NumberOfEmployees",
        "OwnerId",
        "CreatedDate",
      ].map((name) => ({
        name,
        label: name,
        type: TYPES[name] ?? "string",
        custom: name.endsWith("__c"),
        relationshipName: name === "OwnerId" ? "Owner" : null,
      })),
    }),
    metadataChangedAt: () => org.metadataStamp,
    retrieve: (_session, object, id, fields) => {
      const row = table(object).rows.get(id);
      if (row === undefined) throw new VendorError(404, "NOT_FOUND", "The requested resource does not exist");
      return fields === undefined ? row : Object.fromEntries(fields.map((name) => [name, row[name] ?? null]));
    },
    insert: (_session, object, rows, options) =>
      undoable(options.allOrNone, () =>
        rows.map((row) => {
          const { name, rows: stored } = table(object);
          if (row["LastName"] === undefined) {
            return refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"]);
          }
          if (row["LastName"] === org.refuseLastName) {
            return refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", "This name is refused");
          }
          sequence += 1;
          const id = `${PREFIXES[name] ?? "000"}RL0${String(sequence).padStart(9, "0")}AAA`;
          stored.set(id, { ...row, Id: id, autoAssigned: options.autoAssign });
          log(name, id, row, options);
          return { id, success: true, errors: [] };
        }),
      ),
    update: (_session, object, rows, options) =>
      undoable(options.allOrNone, () =>
        rows.map((row) => {
          const { name, rows: stored } = table(object);
          const id = String(row["Id"]);
          const before = stored.get(id);
          if (before === undefined) {
            return refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
          }
          if (row["LastName"] === org.refuseLastName && org.refuseLastName !== undefined) {
            return refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", "This name is refused");
          }
          stored.set(id, { ...before, ...row, autoAssigned: options.autoAssign });
          log(name, id, row, options);
          return { id, success: true, errors: [] };
        }),
      ),
    upsert: (session, object, field, rows, options) =>
      rows.flatMap((row) => {
        const match = [...table(object).rows.values()].find((one) => one[field] === row[field]);
        if (match === undefined) {
          return org.insert(session, object, [row], options).map((result) => ({
            ...result,
            created: result.success,
          }));
        }
        return org
          .update(session, object, [{ ...row, Id: match["Id"] }], options)
          .map((result) => ({ ...result, created: false }));
      }),
    remove: (_session, ids, options) =>
      ids.map((id) => {
        const object = org.objectOfId(id);
        if (object === undefined || !table(object).rows.delete(id)) {
          return refused("ENTITY_IS_DELETED", "entity is deleted");
        }
        log(object, id, {}, options);
        return { id, success: true, errors: [] };
      }),
    objectOfId: (id) => Object.entries(PREFIXES).find(([, prefix]) => id.startsWith(prefix))?.[0],
    savepoint: () => {
      const before = structuredClone(tables);
      const logged = writes.length;
      return {
        release: () => undefined,
        rollback: () => {
          tables = before;
          writes.length = logged;
        },
      };
    },
    deploy: (_session, components, _destructive, options) => {
      if (!options.checkOnly) deployed.push(...components);
      return components.map(({ type, fullName, fileName }) => ({
        componentType: type,
        fullName,
        fileName,
        success: true,
        created: true,
        changed: true,
        deleted: false,
      }));
    },
    load: (object, rows) => {
      let loaded = 0;
      for (const row of rows) {
        const { name, rows: stored } = table(object);
        if ("Nonsense" in row)
          throw new VendorError(400, "INVALID_FIELD", "No such column 'Nonsense' on Lead");
        sequence += 1;
        const id =
          typeof row["Id"] === "string"
            ? row["Id"]
            : `${PREFIXES[name] ?? "000"}RL0${String(sequence).padStart(9, "0")}AAA`;
        stored.set(id, { ...row, Id: id });
        loaded += 1;
      }
      return { loaded };
    },
    dump: (object) => table(object).rows.values(),
    reset: () => {
      tables = new Map();
      writes.length = 0;
      deployed.length = 0;
    },
    markStart: () => undefined,
  };
  return org;
}
