import type {
  Connection,
  DeployReport,
  ObjectAccess,
  OrgFacts,
  OrgSize,
  PackageFile,
  ReadRequest,
  RemoveOutcome,
  RemoveRequest,
  UserFound,
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
  readonly removals: readonly RemoveRequest[];
  readonly reads: readonly ReadRequest[];
  /** Users that were given a permission set, in turn; undefined: the connected one. */
  readonly assignees: readonly (string | undefined)[];
  /** What the next writes refuse. */
  refuse: Refuse;
  /** What the next removals refuse, by record id. */
  refuseRemoval: (id: string) => { readonly code: string; readonly message: string } | undefined;
  /** Throws in place of the nth removal call from now on (1 = the next), after it took effect; null never. */
  failRemovalAt: number | null;
  /** Leads whose owner the org says our user moved. */
  moved: readonly string[];
  /** How often the org was asked for them. */
  looks: number;
  /** The CRM's clock at the last answer to a write, and how far each write moves it on. */
  clock: Date;
  minutesAWrite: number;
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
  readonly size?: Partial<OrgSize>;
  readonly users?: Readonly<Record<string, UserFound>>;
}): FakeConnection {
  const records = new Map<string, Map<string, Record<string, WireValue>>>();
  const requests: WriteRequest[] = [];
  const deployed: (readonly PackageFile[])[] = [];
  const assigned: string[] = [];
  const assignees: (string | undefined)[] = [];
  const removals: RemoveRequest[] = [];
  const reads: ReadRequest[] = [];
  const ids = new Map<string, string>();
  let generation = 0;
  let metered = 0;
  const fake: FakeConnection = {
    crm: "salesforce",
    streams: options.streams ?? [],
    records,
    requests,
    deployed,
    assigned,
    assignees,
    removals,
    reads,
    refuse: () => undefined,
    refuseRemoval: () => undefined,
    failAt: null,
    failRemovalAt: null,
    moved: [],
    looks: 0,
    clock: options.now ?? new Date("2026-06-01T08:00:00Z"),
    minutesAWrite: 0,
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
        dailyCallLimit: options.dailyLimit ?? 15_000,
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
        if (request.keyField === "Id") return { key: row.key, ok: true, id: row.key, created };
        // A row that is made anew is another record.
        const known = [...ids].find(([, key]) => key === row.key)?.[0];
        const id = known ?? `a01${row.key.slice(0, 15)}${generation === 0 ? "" : `-${generation}`}`;
        ids.set(id, row.key);
        return { key: row.key, ok: true, id, created };
      });
      fake.clock = new Date(fake.clock.getTime() + fake.minutesAWrite * 60_000);
      return Promise.resolve({
        outcomes,
        calls: Math.ceil(request.rows.length / (5 * request.batchSize)),
        answeredAt: fake.clock,
      });
    },
    rowsPerCall: (_, batchSize) => 5 * batchSize,
    read: (request) => {
      reads.push(request);
      metered += 1;
      const held = records.get(request.object);
      const found = request.ids.map((id) => {
        const record = held?.get(ids.get(id) ?? id);
        if (record === undefined) return null;
        return Object.fromEntries(request.fields.map((name) => [name, record[name] ?? null]));
      });
      return Promise.resolve({ records: found, calls: 1 });
    },
    remove: (request) => {
      removals.push(request);
      const held = records.get(request.object);
      const outcomes = request.ids.map((id): RemoveOutcome => {
        const refused = fake.refuseRemoval(id);
        if (refused !== undefined) return { id, ok: false, retryable: false, ...refused };
        const isGone = held?.delete(ids.get(id) ?? "") !== true;
        if (ids.delete(id)) generation += 1;
        return { id, ok: true, isGone };
      });
      metered += 1;
      if (fake.failRemovalAt !== null) {
        fake.failRemovalAt -= 1;
        if (fake.failRemovalAt === 0) return Promise.reject(new Error("the line broke"));
      }
      return Promise.resolve({ outcomes, calls: 1 });
    },
    ownersMoved: () => {
      fake.looks += 1;
      return Promise.resolve(fake.moved);
    },
    size: () =>
      Promise.resolve({
        openLeads: 0,
        queueLeads: 0,
        openOpportunities: 0,
        newLeads: 0,
        ownerChanges: 0,
        users: 0,
        roles: 0,
        sources: 0,
        campaigns: 0,
        campaignMonths: 0,
        ...options.size,
      }),
    count: () => Promise.resolve(0),
    counts: (objects) =>
      Promise.resolve({ counts: objects.map(() => null), at: new Date("2026-06-01T08:00:00Z") }),
    findUser: (username) => Promise.resolve(options.users?.[username] ?? null),
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
    assignPermissionSet: (name, userId) => {
      assignees.push(userId);
      const before = assigned.includes(name);
      if (!before) assigned.push(name);
      return Promise.resolve(before ? "already assigned" : "assigned");
    },
    usage: () => ({ metered, dailyUsed: 100 + metered, dailyLimit: options.dailyLimit ?? 15_000 }),
    close: () => Promise.resolve(),
  };
  return fake;
}
