/**
 * The thread that holds PGlite. A statement runs here to its end without giving way; in the main thread it would hold up
 * webhooks, the console and signals for as long. Errors leave this thread without data.
 */
import { parentPort } from "node:worker_threads";
import { PGlite, type Results } from "@electric-sql/pglite";
import { scrubPgError } from "../errors.ts";
import { scalarParsers } from "../parse-values.ts";
import type { ThreadReply, ThreadRequest, ThreadResult } from "./thread-messages.ts";

const bytea = 17;

const nothing: ThreadResult = { command: "", rows: [], rowCount: 0 };

/** Names of BullMQ's tables are looked up in its own schema; ours are always written with theirs. */
const sessionSettings = `
  set search_path to bullmq;
  set time zone 'UTC';
  set work_mem to '64MB';
  set jit to off;
`;

async function openStore(folder: string | undefined, dump: Uint8Array | undefined): Promise<PGlite> {
  const store = await PGlite.create({
    ...(folder === undefined ? {} : { dataDir: folder }),
    ...(dump === undefined ? {} : { loadDataDir: new Blob([Uint8Array.from(dump)]) }),
    parsers: { ...scalarParsers },
    serializers: {
      // Our own statements bind text; the queue library binds bytes.
      [bytea]: (value: unknown) =>
        value instanceof Uint8Array ? `\\x${Buffer.from(value).toString("hex")}` : String(value),
    },
  });
  await store.exec(sessionSettings);
  store.onNotification((channel, payload) => reply({ kind: "notification", channel, payload }));
  return store;
}

function resultOf(results: Results<never> | undefined): ThreadResult {
  if (results === undefined) return nothing;
  const rows = results.rows;
  return {
    command: results.command ?? "",
    rows,
    rowCount: rows.length > 0 ? rows.length : (results.affectedRows ?? 0),
  };
}

let opened: PGlite | undefined;

function store(): PGlite {
  if (opened === undefined) throw new Error("the store is not open");
  return opened;
}

async function handle(request: ThreadRequest): Promise<ThreadResult> {
  switch (request.kind) {
    case "open":
      opened = await openStore(request.folder, request.dump);
      return nothing;
    case "query":
      return resultOf(await store().query<never>(request.text, [...request.values]));
    case "script": {
      const results = await store().exec(request.text);
      const last = results.at(-1);
      return last === undefined ? nothing : { command: last.command ?? "", rows: [], rowCount: 0 };
    }
    case "copy":
      return resultOf(
        await store().query<never>(request.text, [], { blob: new Blob([Uint8Array.from(request.bytes)]) }),
      );
    case "dump": {
      const file = await store().dumpDataDir("none");
      return { ...nothing, dump: new Uint8Array(await file.arrayBuffer()) };
    }
    case "close":
      await store().close();
      return nothing;
    default:
      return request satisfies never;
  }
}

function reply(message: ThreadReply): void {
  parentPort?.postMessage(message);
}

parentPort?.on("message", (request: ThreadRequest) => {
  handle(request).then(
    (result) => reply({ kind: "done", id: request.id, result }),
    (error: unknown) => reply({ kind: "failed", id: request.id, error: scrubPgError(error) }),
  );
});
