import { type CrmName, PermissionError } from "../core/errors.ts";
import type { PullOutcome, PullRequest, ReadingConnection, StreamField, StreamSpec } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { EmailKey } from "./email-key.ts";
import { mergePage, type PullUnderWay } from "./merge-page.ts";
import type { PageClock } from "./page-clock.ts";
import { type MirrorKey, pullRequest, readStreamStates, specHash } from "./stream-state.ts";

/** Which fields of a stream this user may read. */
export interface VisibleStream {
  readonly stream: StreamSpec;
  /** Null: the org does not have the object, or hides it. */
  readonly fields: readonly StreamField[] | null;
  readonly hidden: readonly string[];
}

export interface PullContext {
  readonly db: Database;
  readonly connection: Pick<ReadingConnection, "pull">;
  readonly settings: Settings;
  readonly emailKey: EmailKey;
  readonly dated: PageClock;
  readonly onRows?: (stream: string, rowsSoFar: number) => void;
}

/**
 * Reads the given streams from where each stands and brings every page into the mirror.
 *
 * @returns one outcome a stream that was read, in the order given; absent optional objects have route `absent`
 * @throws the connector's errors; pages committed before stay, and the next pull goes on behind them
 */
export async function pull(
  context: PullContext,
  streams: readonly VisibleStream[],
): Promise<readonly PullOutcome[]> {
  const { db, connection, settings } = context;
  const key: MirrorKey = { workspaceId: settings.workspace.id, connectionId: settings.connectionId };
  const states = await readStreamStates(db, key);
  const requests: PullRequest[] = [];
  const underWay = new Map<string, PullUnderWay>();
  const absent: PullOutcome[] = [];
  for (const visible of streams) {
    const { stream } = visible;
    if (visible.fields === null) {
      await noteAbsent(db, key, visible);
      absent.push({ stream: stream.name, rows: 0, calls: 0, route: "absent" });
      continue;
    }
    const hash = specHash(visible.fields, settings.touch);
    const request = pullRequest(stream, visible.fields, states.get(stream.name), hash);
    requests.push(request);
    underWay.set(stream.name, {
      key,
      specHash: hash,
      since: request.since,
      isResumed: request.resume !== null,
      rules: { emailKey: context.emailKey, touch: settings.touch },
      hiddenFields: visible.hidden,
    });
  }
  if (requests.length === 0) return absent;

  const rowsSoFar = new Map<string, number>();
  const outcomes = await connection.pull(requests, {
    accept: async (page) => {
      const { name } = page.stream;
      const current = underWay.get(name);
      if (current === undefined) throw new Error(`${name}: a page arrived that nobody asked for`);
      const isFirstPage = !rowsSoFar.has(name);
      const merged = await mergePage(db, context.dated(page), current, isFirstPage);
      const total = (rowsSoFar.get(name) ?? 0) + merged.rows;
      rowsSoFar.set(name, total);
      context.onRows?.(name, total);
      return merged;
    },
  });
  // What turned out to be absent only when it was read: until the next description it is not asked for again.
  for (const { stream } of outcomes.filter(({ route }) => route === "absent")) {
    const visible = streams.find((each) => each.stream.name === stream);
    if (visible !== undefined) await noteAbsent(db, key, visible);
  }
  return [...outcomes, ...absent];
}

/** Without which object there is nothing to measure, and how an admin grants what is missing. */
const indispensable: Readonly<
  Record<CrmName, { readonly object: string; readonly message: string; readonly grant: string }>
> = {
  salesforce: {
    object: "Lead",
    message: "Lead: this user cannot see leads; give it Read and View All on Lead and sync again",
    grant: "grant Read on the field in a permission set and sync again",
  },
  hubspot: {
    object: "contacts",
    message:
      "contacts: this token cannot see contacts; add the scopes crm.objects.contacts.read and crm.schemas.contacts.read and " +
      "sync again",
    grant:
      "add the scope crm.schemas of the object (read), or take the restriction off the property, and sync again",
  },
};

/**
 * Splits each stream's fields into those the org shows and those it hides. What is hidden stays null in the mirror and
 * stands in `stream_state.hidden_fields`, from where the metrics that need it say that they are incomplete.
 * @throws PermissionError when leads (HubSpot: contacts) cannot be read at all, or a stream's id or cursor is hidden
 */
export function visibleStreams(
  streams: readonly StreamSpec[],
  readable: ReadonlyMap<string, ReadonlySet<string>>,
): readonly VisibleStream[] {
  return streams.map((stream) => {
    const seen = readable.get(stream.object) ?? new Set<string>();
    const hidden = stream.fields.filter((field) => !seen.has(field.name)).map((field) => field.name);
    if (seen.size === 0) {
      const words = indispensable[stream.crm];
      if (stream.object !== words.object) return { stream, fields: null, hidden };
      throw new PermissionError(stream.crm, words.message);
    }
    const key = hidden.find((name) => name === "Id" || name === "id" || name === stream.cursor);
    if (key !== undefined) {
      throw new PermissionError(
        stream.crm,
        `${stream.object}.${key}: hidden from us, and the object cannot be read without it; ` +
          indispensable[stream.crm].grant,
      );
    }
    return { stream, fields: stream.fields.filter((field) => seen.has(field.name)), hidden };
  });
}

async function noteAbsent(db: Database, key: MirrorKey, { stream, hidden }: VisibleStream): Promise<void> {
  await db.execute(sql`
    insert into mirror.stream_state (workspace_id, connection_id, stream, is_absent, hidden_fields)
    values (${key.workspaceId}, ${key.connectionId}, ${stream.name}, true, ${[...hidden]}::text[])
    on conflict (workspace_id, connection_id, stream)
    do update set is_absent = true, hidden_fields = excluded.hidden_fields`);
}
