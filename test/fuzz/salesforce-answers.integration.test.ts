import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectSalesforce } from "../../connectors/salesforce/connect.ts";
import type { SalesforceOptions } from "../../connectors/salesforce/connect-options.ts";
import { salesforceStreams } from "../../connectors/salesforce/streams.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import { RipelineError, WireShapeError } from "../../src/core/errors.ts";
import type { Connection, PackageFile, PageSink, StreamSpec } from "../../src/core/ports.ts";
import { createOrg, type EngineOrg } from "../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock } from "../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../src/emulator/server/start-emulator.ts";
import { type AnsweringProxy, startAnsweringProxy } from "./answering-proxy.ts";
import { type Answer, type Mutation, mutate } from "./mutate-answer.ts";

/**
 * One answer of the vendor is changed, at any place of an operation. Whatever comes: a typed error or the right result,
 * never a crash, a hang or a row lost in silence. `RIPELINE_FUZZ_CASES=10000` for the long run; `RIPELINE_FUZZ_SEED` and
 * the path that a failure prints replay it.
 */
const cases = Number(process.env["RIPELINE_FUZZ_CASES"] ?? 600);
const seed = Number(process.env["RIPELINE_FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const path = process.env["RIPELINE_FUZZ_PATH"];

const START = new Date("2026-03-02T09:00:00Z");
const LEADS = 60;
const TASKS = 2_050;
/** Nothing of this takes a second; a hang is told from a slow machine by far. */
const HANG_MS = 20_000;

let org: EngineOrg;
let emulator: Emulator;
let proxy: AnsweringProxy;
let leadIds: readonly string[];
/** What this user may read, by object. */
let readable: ReadonlyMap<string, ReadonlySet<string>>;

const field = (name: string, xml: string): string =>
  `<fields><fullName>${name}</fullName><label>${name}</label>${xml}</fields>`;
const xml = (body: string): string => `<?xml version="1.0" encoding="UTF-8"?>${body}`;
const leadPackage: readonly PackageFile[] = [
  {
    path: "package.xml",
    content: xml(
      '<Package xmlns="http://soap.sforce.com/2006/04/metadata"><types><members>Lead.Ripeline_Clock__c</members><name>CustomField</name></types><types><members>Ripeline</members><name>PermissionSet</name></types><version>67.0</version></Package>',
    ),
  },
  {
    path: "objects/Lead.object",
    content: xml(
      `<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">${field("Ripeline_Clock__c", "<type>Text</type><length>20</length>")}</CustomObject>`,
    ),
  },
  {
    path: "permissionsets/Ripeline.permissionset",
    content: xml(
      '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><label>Ripeline</label><fieldPermissions><editable>true</editable><field>Lead.Ripeline_Clock__c</field><readable>true</readable></fieldPermissions><objectPermissions><allowEdit>true</allowEdit><allowRead>true</allowRead><object>Lead</object></objectPermissions></PermissionSet>',
    ),
  },
];

beforeAll(async () => {
  const clock = createEmulatorClock(START, { stopped: true });
  org = createOrg({ clock });
  const stamp = "2026-03-01T08:00:00.000+0000";
  const stamps = { CreatedDate: stamp, SystemModstamp: stamp, OwnerId: org.adminUser.id };
  org.load(
    "Lead",
    Array.from({ length: LEADS }, (_, index) => ({ ...stamps, LastName: `Lead ${index}`, Company: "Acme" })),
  );
  org.load(
    "Task",
    Array.from({ length: TASKS }, (_, index) => ({
      ...stamps,
      Subject: `Call ${index}`,
      Status: "Completed",
    })),
  );
  org.markStart();
  emulator = await startEmulator({ port: 0, org, clock });
  proxy = await startAnsweringProxy(emulator.ready.salesforce.instanceUrl);
  const connection = await connect();
  await connection.deploy(leadPackage, { checkOnly: false });
  await connection.assignPermissionSet("Ripeline");
  const access = await connection.access(["Lead", "Task", "Campaign", "User"]);
  readable = new Map(access.map((each) => [each.object, each.readable]));
  leadIds = (await read(connection, ["Lead"])).map((row) => row.split(" ")[1] ?? "");
  await connection.close();
});

afterAll(async () => {
  await proxy.close();
  await emulator.close();
});

async function connect(options: Partial<SalesforceOptions> = {}): Promise<Connection> {
  const { clientId, clientSecret } = emulator.ready.salesforce;
  return await connectSalesforce({
    loginUrl: proxy.url,
    clientId,
    clientSecret,
    log: silentLog,
    pacing: { sleep: () => Promise.resolve(), random: () => 1 },
    http: { answerMs: 5_000, idleMs: 2_000 },
    ...options,
  });
}

function streamOf(object: string): StreamSpec {
  return salesforceStreams.find((stream) => stream.object === object) ?? expect.fail(`no stream ${object}`);
}

/**
 * Reads streams whole, as the mirror would: a page with another number of rows or other columns than announced is
 * refused, and so is a pull that does not add up; an id that comes again is one record. @returns `object id`, sorted
 */
async function read(connection: Connection, objects: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const perStream = new Map<string, number>();
  const sink: PageSink = {
    accept: async (page) => {
      let csv = "";
      const decoder = new TextDecoder();
      for await (const chunk of page.csv) csv += decoder.decode(chunk, { stream: true });
      let table: string[][];
      try {
        table = parse(csv, { bom: true });
      } catch (error) {
        throw new WireShapeError("salesforce", `${page.stream.name}: no CSV`, { cause: error });
      }
      const names = page.fields.map(({ name }) => name);
      const rows = table.length - 1;
      const total = (perStream.get(page.stream.name) ?? 0) + rows;
      if (rows !== page.expectedRows || JSON.stringify(table[0]) !== JSON.stringify(names)) {
        throw new WireShapeError("salesforce", `${page.stream.name}: not the page that was announced`);
      }
      if (page.next === null && page.expectedTotal !== null && page.expectedTotal !== total) {
        throw new WireShapeError("salesforce", `${page.stream.name}: not the rows that were counted`);
      }
      perStream.set(page.stream.name, total);
      const at = names.indexOf("Id");
      found.push(...table.slice(1).map((cells) => `${page.stream.object} ${cells[at] ?? ""}`));
      return { rows };
    },
  };
  const requests = objects.map((object) => {
    const stream = streamOf(object);
    const fields = stream.fields.filter(({ name }) => readable.get(object)?.has(name));
    return { stream, fields, since: null, resume: null };
  });
  await connection.pull(requests, sink);
  return [...new Set(found)].sort();
}

interface Operation {
  readonly name: string;
  readonly options?: Partial<SalesforceOptions>;
  /** @returns what must come out the same whatever happens on the way */
  run(connection: Connection): Promise<unknown>;
}

const writeLeads = async (connection: Connection, value: string): Promise<unknown> => {
  const { outcomes } = await connection.write({
    object: "Lead",
    keyField: "Id",
    batchSize: 20,
    rows: leadIds.map((key) => ({ key, fields: { Ripeline_Clock__c: value } })),
  });
  return outcomes.map((outcome) => (outcome.ok ? `${outcome.key} ${outcome.id}` : `${outcome.key} refused`));
};

const operations: readonly Operation[] = [
  {
    name: "sign in",
    run: async (connection) => {
      const { orgId, userId, apiVersion } = await connection.identity();
      return [orgId, userId, apiVersion];
    },
  },
  { name: "pull by Composite", run: (connection) => read(connection, ["Lead", "Campaign", "User"]) },
  { name: "pull by REST pages", run: (connection) => read(connection, ["Task"]) },
  {
    name: "pull by Bulk",
    options: { bulkAboveRows: 20, bulkPageRows: 25 },
    run: (connection) => read(connection, ["Lead"]),
  },
  { name: "write by Composite", run: (connection) => writeLeads(connection, "open") },
  {
    name: "write by Bulk",
    options: { bulkWriteAboveRows: 10 },
    run: (connection) => writeLeads(connection, ""),
  },
  { name: "facts", run: (connection) => connection.facts(["Lead"]) },
  {
    name: "describe",
    run: async (connection) =>
      (await connection.access(["Lead", "Task"])).map(({ object, visible, readable }) => [
        object,
        visible,
        readable.size,
      ]),
  },
  {
    name: "deploy",
    run: async (connection) => {
      const { succeeded, problems } = await connection.deploy(leadPackage, { checkOnly: true });
      return { succeeded, problems };
    },
  },
];

/** Facts and describes are lists of what there is: one entry less is an org with one thing less. */
const tellsWhatThereIs = new Set(["facts", "describe"]);

interface Case {
  readonly operation: Operation;
  /** Which answer is changed, of those that the operation gets. */
  readonly at: number;
  readonly choices: readonly number[];
}

const right = new Map<string, { readonly result: unknown; readonly answers: number }>();

async function rightResult(
  operation: Operation,
): Promise<{ readonly result: unknown; readonly answers: number }> {
  const known = right.get(operation.name);
  if (known !== undefined) return known;
  let answers = 0;
  proxy.watch((answer) => {
    answers += 1;
    return answer;
  });
  const connection = await connect(operation.options);
  const found = { result: await operation.run(connection), answers };
  right.set(operation.name, found);
  return found;
}

type Ending = { readonly result: unknown } | { readonly error: unknown } | "hangs";

async function end(operation: Operation): Promise<Ending> {
  const { promise: late, resolve } = Promise.withResolvers<"hangs">();
  const timer = setTimeout(() => resolve("hangs"), HANG_MS);
  const work = async (): Promise<Ending> => {
    try {
      return { result: await operation.run(await connect(operation.options)) };
    } catch (error) {
      return { error };
    }
  };
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @returns what is wrong with how the case ended; undefined where all is well */
function verdict(
  operation: Operation,
  mutation: Mutation,
  ending: Ending,
  wanted: unknown,
): string | undefined {
  if (ending === "hangs") return `hangs for ${HANG_MS} ms`;
  if ("error" in ending) {
    if (!(ending.error instanceof RipelineError))
      return `ends with an error of no type of ours: ${String(ending.error)}`;
    return mutation.damage === "harmless" ? `refuses a harmless change: ${ending.error.message}` : undefined;
  }
  const isSame = JSON.stringify(ending.result) === JSON.stringify(wanted);
  if (isSame || (mutation.damage !== "harmless" && tellsWhatThereIs.has(operation.name))) return undefined;
  const isWrite = operation.name.startsWith("write");
  // To take a row that was written for refused costs one more write.
  if (isWrite && mutation.damage !== "harmless" && sameRowsOrRefused(ending.result, wanted)) return undefined;
  if (mutation.damage === "value" && sizeOf(ending.result) === sizeOf(wanted)) return undefined;
  return `gives ${JSON.stringify(ending.result)?.slice(0, 300)} for ${JSON.stringify(wanted)?.slice(0, 300)}`;
}

function sizeOf(result: unknown): number {
  return Array.isArray(result) ? result.length : 1;
}

function sameRowsOrRefused(result: unknown, wanted: unknown): boolean {
  if (!Array.isArray(result) || !Array.isArray(wanted) || result.length !== wanted.length) return false;
  return result.every(
    (row, index) => row === wanted[index] || (typeof row === "string" && row.endsWith(" refused")),
  );
}

describe(`a changed answer of Salesforce (${cases} cases, seed ${seed})`, () => {
  it(
    "ends in the right result or a typed error",
    async () => {
      const seen = { right: 0, typed: 0 };
      const kinds = new Set<string>();
      const one = fc.record({
        operation: fc.constantFrom(...operations),
        at: fc.nat(1_000),
        choices: fc.array(fc.nat(2 ** 30), { minLength: 24, maxLength: 24 }),
      });
      await fc.assert(
        fc.asyncProperty(one, async ({ operation, at, choices }: Case) => {
          const wanted = await rightResult(operation);
          const changed = at % wanted.answers;
          let mutation: Mutation | undefined;
          let drawn = 0;
          proxy.watch((answer: Answer, number) => {
            if (number !== changed) return answer;
            mutation = mutate(answer, (count) => {
              drawn += 1;
              return count === 0 ? 0 : (choices[drawn % choices.length] ?? 0) % count;
            });
            return mutation.answer;
          });
          const ending = await end(operation);
          if (mutation === undefined) return;
          kinds.add(`${operation.name}: ${mutation.damage}`);
          if (ending !== "hangs") seen["error" in ending ? "typed" : "right"] += 1;
          const problem = verdict(operation, mutation, ending, wanted.result);
          if (problem !== undefined) {
            throw new Error(`${operation.name}, answer ${changed} with ${mutation.name}: ${problem}`);
          }
        }),
        { numRuns: cases, seed, ...(path === undefined ? {} : { path }), endOnFailure: true },
      );
      if (path !== undefined) return;
      // A run in which nothing was changed, or nothing failed, or nothing came right, would prove nothing.
      expect(seen.right).toBeGreaterThan(cases / 20);
      expect(seen.typed).toBeGreaterThan(cases / 20);
      expect(kinds.size).toBeGreaterThan(operations.length * 2);
    },
    60_000 + cases * 200,
  );
});
