import type {
  Connection,
  DeployReport,
  ObjectAccess,
  OrgFacts,
  PackageFile,
  WireValue,
  WriteOutcome,
  WriteRequest,
  WriteRow,
} from "../../src/core/ports.ts";

/** Refuses a row: the vendor's code and words. Undefined: the row is taken. */
export type Refuse = (
  row: WriteRow,
  object: string,
) => { readonly code: string; readonly message: string; readonly retryable: boolean } | undefined;

export interface FakeConnection extends Connection {
  /** Records by object, then key: the fields written, as an org would hold them. */
  readonly records: ReadonlyMap<string, ReadonlyMap<string, Record<string, WireValue>>>;
  readonly requests: readonly WriteRequest[];
  readonly deployed: readonly (readonly PackageFile[])[];
  readonly assigned: readonly string[];
  /** What the next writes refuse. */
  refuse: Refuse;
  /** Throws in place of the nth write call from now on (1 = the next); null never. */
  failAt: number | null;
}

/** A CRM in memory: keeps what is written and answers row by row. */
export function fakeConnection(options: {
  readonly access?: readonly ObjectAccess[];
  readonly facts?: Partial<OrgFacts>;
  readonly deploy?: DeployReport;
  readonly dailyLimit?: number | null;
  readonly streams?: Connection["streams"];
  readonly now?: Date;
}): FakeConnection {
  const records = new Map<string, Map<string, Record<string, WireValue>>>();
  const requests: WriteRequest[] = [];
  const deployed: (readonly PackageFile[])[] = [];
  const assigned: string[] = [];
  let metered = 0;
  const fake: FakeConnection = {
    crm: "salesforce",
    streams: options.streams ?? [],
    records,
    requests,
    deployed,
    assigned,
    refuse: () => undefined,
    failAt: null,
    identity: () =>
      Promise.resolve({
        crm: "salesforce",
        orgId: "00D000000000001AAA",
        userId: "005000000000009AAA",
        username: "ripeline@acme.example",
        instanceUrl: "https://acme.example",
        apiVersion: "67.0",
      }),
    serverTime: () => Promise.resolve(options.now ?? new Date("2026-06-01T08:00:00Z")),
    access: () => Promise.resolve(options.access ?? []),
    facts: () =>
      Promise.resolve({
        tracksOwnerHistory: true,
        tracksStatusHistory: true,
        hasMultipleCurrencies: false,
        automation: [],
        storageMegabytesFree: 1_000,
        ...options.facts,
      }),
    pull: () => Promise.reject(new Error("the fake CRM is not read")),
    write: (request) => {
      requests.push(request);
      if (fake.failAt !== null) {
        fake.failAt -= 1;
        if (fake.failAt === 0) return Promise.reject(new Error("the line broke"));
      }
      metered += Math.ceil(request.rows.length / (5 * request.batchSize));
      const held = records.get(request.object) ?? new Map<string, Record<string, WireValue>>();
      records.set(request.object, held);
      const outcomes = request.rows.map((row): WriteOutcome => {
        const refused = fake.refuse(row, request.object);
        if (refused !== undefined) return { key: row.key, ok: false, ...refused };
        const created = request.keyField !== "Id" && !held.has(row.key);
        held.set(row.key, { ...held.get(row.key), ...row.fields });
        return {
          key: row.key,
          ok: true,
          id: request.keyField === "Id" ? row.key : `a01${row.key.slice(0, 15)}`,
          created,
        };
      });
      return Promise.resolve({ outcomes, calls: Math.ceil(request.rows.length / (5 * request.batchSize)) });
    },
    count: () => Promise.resolve(0),
    deploy: (files, { checkOnly }) => {
      if (!checkOnly) deployed.push(files);
      return Promise.resolve(
        options.deploy ?? {
          succeeded: true,
          created: [],
          changed: [],
          unchanged: [],
          deleted: [],
          problems: [],
        },
      );
    },
    assignPermissionSet: (name) => {
      const before = assigned.includes(name);
      if (!before) assigned.push(name);
      return Promise.resolve(before ? "already assigned" : "assigned");
    },
    usage: () => ({ metered, dailyUsed: 100 + metered, dailyLimit: options.dailyLimit ?? 15_000 }),
    close: () => Promise.resolve(),
  };
  return fake;
}
