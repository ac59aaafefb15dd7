import { connectHubspot } from "../../../connectors/hubspot/connect.ts";
import type { HubspotOptions } from "../../../connectors/hubspot/connect-options.ts";
import { hubspotStreams } from "../../../connectors/hubspot/streams.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import type { OpenReadingConnection, PullOutcome, StreamSpec } from "../../../src/core/ports.ts";
import type { Database } from "../../../src/database/database.ts";
import { syncStreams } from "../../support/sync-streams.ts";
import type { FakePortal } from "./fake-portal.ts";

export const key = { workspaceId: "w", connectionId: "hubspot" };
export const secret = Buffer.from("a key of the test");

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
export function sync(
  db: Database,
  connection: OpenReadingConnection,
  names: readonly string[],
  afterPages = Number.POSITIVE_INFINITY,
): Promise<readonly PullOutcome[]> {
  return syncStreams(db, connection, names.map(streamNamed), { key, secret, afterPages });
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
