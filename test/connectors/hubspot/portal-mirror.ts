import { connectHubspot } from "../../../connectors/hubspot/connect.ts";
import type { HubspotOptions } from "../../../connectors/hubspot/connect-options.ts";
import { hubspotStreams } from "../../../connectors/hubspot/streams.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import { settingsFileSchema } from "../../../src/config/settings-schema.ts";
import type { OpenReadingConnection, PullOutcome, StreamSpec } from "../../../src/core/ports.ts";
import type { Database } from "../../../src/database/database.ts";
import { emailKey } from "../../../src/mirror/email-key.ts";
import { mergePage, type PullUnderWay } from "../../../src/mirror/merge-page.ts";
import { visibleStreams } from "../../../src/mirror/pull.ts";
import { pullRequest, readStreamStates, specHash } from "../../../src/mirror/stream-state.ts";
import type { FakePortal } from "./fake-portal.ts";

export const key = { workspaceId: "w", connectionId: "hubspot" };
export const secret = Buffer.from("a key of the test");

const file = settingsFileSchema.parse({}).touch;
const touch = {
  by: file.by,
  taskTypes: file.task_types,
  sequences: file.sequences,
  automatedSubjects: file.ignore_subjects,
  cancelledSubjects: file.cancelled_subjects,
};

export function streamNamed(name: string): StreamSpec {
  const stream = hubspotStreams.find((candidate) => candidate.name === name);
  if (stream === undefined) throw new Error(`no stream ${name}`);
  return stream;
}

/** Every property that a stream asks a type for. */
export function knownProperties(type: string): string[] {
  const fields = hubspotStreams.filter(({ object }) => object === type).flatMap(({ fields: some }) => some);
  const own = new Set(["id", "createdAt", "archived", "archivedAt", "redacted"]);
  return [...new Set(fields.map(({ name }) => name))].filter((name) => !own.has(name));
}

export interface Waits {
  readonly slept: number[];
}

/** A connection that sleeps nothing and remembers what it was to sleep. */
export function connectTo(
  portal: FakePortal,
  waits: Waits,
  options: Partial<HubspotOptions> = {},
): Promise<OpenReadingConnection> {
  return connectHubspot({
    baseUrl: portal.url,
    accessToken: "a-token",
    log: silentLog,
    pacing: {
      random: () => 1,
      sleep: (ms) => {
        waits.slept.push(ms);
        return Promise.resolve();
      },
    },
    ...options,
  });
}

/**
 * Pulls the named streams into the mirror as the pull step does, from where each stands.
 * @param afterPages the sink breaks after so many pages, as a process that dies between two
 */
export async function sync(
  db: Database,
  connection: OpenReadingConnection,
  names: readonly string[],
  afterPages = Number.POSITIVE_INFINITY,
): Promise<readonly PullOutcome[]> {
  const wanted = names.map(streamNamed);
  const access = await connection.access([...new Set(wanted.map(({ object }) => object))]);
  const readable = new Map(
    access.filter(({ visible }) => visible).map((each) => [each.object, each.readable] as const),
  );
  const states = await readStreamStates(db, key);
  const underWay = new Map<string, PullUnderWay>();
  const requests = visibleStreams(wanted, readable).flatMap(({ stream, fields, hidden }) => {
    if (fields === null) return [];
    const hash = specHash(fields, touch);
    const request = pullRequest(stream, fields, states.get(stream.name), hash);
    underWay.set(stream.name, {
      key,
      specHash: hash,
      since: request.since,
      isResumed: request.resume !== null,
      rules: { emailKey: emailKey(secret), touch },
      hiddenFields: hidden,
    });
    return [request];
  });
  const begun = new Set<string>();
  let pages = 0;
  return connection.pull(requests, {
    accept: async (page) => {
      const pull = underWay.get(page.stream.name);
      if (pull === undefined) throw new Error("a page that nobody asked for");
      if (pages >= afterPages) throw new Error("the process died");
      pages += 1;
      const isFirst = !begun.has(page.stream.name);
      begun.add(page.stream.name);
      return mergePage(db, page, pull, isFirst);
    },
  });
}

/** Reads a stream of records without a store. @returns the first column, the ids, as they came */
export async function readIds(
  connection: OpenReadingConnection,
  name: string,
  since: Date | null,
): Promise<readonly string[]> {
  const stream = streamNamed(name);
  const ids: string[] = [];
  await connection.pull([{ stream, fields: stream.fields, since, resume: null }], {
    accept: async (page) => {
      const chunks = await Array.fromAsync(page.csv);
      const [, ...lines] = Buffer.concat(chunks).toString("utf8").trim().split("\n");
      ids.push(...lines.map((line) => line.split(",")[0] ?? ""));
      return { rows: lines.length };
    },
  });
  return ids;
}
