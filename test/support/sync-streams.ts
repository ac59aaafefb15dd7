import { settingsFileSchema } from "../../src/config/settings-schema.ts";
import type { PullOutcome, ReadingConnection, StreamSpec } from "../../src/core/ports.ts";
import type { Database } from "../../src/database/database.ts";
import { emailKey } from "../../src/mirror/email-key.ts";
import { mergePage, type PullUnderWay } from "../../src/mirror/merge-page.ts";
import { visibleStreams } from "../../src/mirror/pull.ts";
import { type MirrorKey, pullRequest, readStreamStates, specHash } from "../../src/mirror/stream-state.ts";

const file = settingsFileSchema.parse({}).touch;
const touch = {
  by: file.by,
  taskTypes: file.task_types,
  sequences: file.sequences,
  automatedSubjects: file.ignore_subjects,
  cancelledSubjects: file.cancelled_subjects,
};

interface SyncOptions {
  readonly key: MirrorKey;
  readonly secret: Buffer;
  /** The sink breaks after so many pages, as a process that dies between two. */
  readonly afterPages?: number;
  /** Told of every page once it is in the store. */
  readonly onPage?: (pages: number) => Promise<void>;
}

/** Pulls streams into the mirror as the pull step does, from where each stands. */
export async function syncStreams(
  db: Database,
  connection: ReadingConnection,
  wanted: readonly StreamSpec[],
  options: SyncOptions,
): Promise<readonly PullOutcome[]> {
  const { key, secret, afterPages = Number.POSITIVE_INFINITY } = options;
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
      const taken = await mergePage(db, page, pull, isFirst);
      await options.onPage?.(pages);
      return taken;
    },
  });
}
