import { createHash } from "node:crypto";
import { z } from "zod";
import { type SignedRequest, signatureFault } from "../../connectors/hubspot/webhook-signature.ts";
import type { Clock } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

/** A request as it came in; its address is the configured one. */
export type WebhookRequest = Omit<SignedRequest, "url">;

/** What to answer, and what it was good for. */
export interface WebhookAnswer {
  /** 204 taken; 400 signed, and no events; 401 not HubSpot's. */
  readonly status: 204 | 400 | 401;
  /** Records that were noted to be looked at; 0 where every event was known, or of no concern. */
  readonly records: number;
}

export interface WebhookParts {
  readonly store: Database;
  readonly workspaceId: string;
  readonly log: { warn(facts: Readonly<Record<string, unknown>>, message: string): void };
  readonly clock: Clock;
  readonly clientSecret: string;
  /** The address in the app's settings, letter by letter. */
  readonly publicUrl: string;
}

const Id = z.union([z.int().transform(String), z.string().regex(/^\d+$/)]);
const Ids = z.union([z.array(Id), Id.transform((id) => [id])]);

const Event = z.looseObject({
  eventId: Id.optional(),
  subscriptionId: Id.optional(),
  portalId: Id,
  occurredAt: Id.optional(),
  subscriptionType: z.string(),
  objectId: Id.optional(),
  objectTypeId: z.string().optional(),
  propertyName: z.string().optional(),
  primaryObjectId: Id.optional(),
  newObjectId: Id.optional(),
  mergedObjectIds: Ids.optional(),
  fromObjectId: Id.optional(),
  fromObjectTypeId: z.string().optional(),
  toObjectId: Id.optional(),
  toObjectTypeId: z.string().optional(),
});
type Event = z.infer<typeof Event>;

/** Contacts, leads and the engagements that can be a touch. Whatever else changes is found by the next pull. */
const CONCERNS_FLAGS: ReadonlySet<string> = new Set(["0-1", "0-136", "0-48", "0-49", "0-47", "0-27", "0-18"]);
/** Types of the older subscriptions: `contact.creation`. */
const CLASSIC_TYPES: Readonly<Record<string, string>> = { contact: "0-1", company: "0-2", deal: "0-3" };

const Counted = z.object({ records: z.number(), connections: z.array(z.string()) });

/**
 * Takes what HubSpot posted: checks the signature, keeps which events came (each once) and which records they name. Values
 * of properties are neither kept nor logged. Events of portals that are no connection of this workspace are dropped and
 * still answered with 204: a refusal would bring each of them ten times more.
 */
export async function receiveWebhook(parts: WebhookParts, request: WebhookRequest): Promise<WebhookAnswer> {
  const { clientSecret, publicUrl, clock, log } = parts;
  const fault = signatureFault({ ...request, url: publicUrl }, clientSecret, clock.now());
  if (fault !== null) {
    log.warn(
      { fault },
      "a webhook was refused: it is not signed by the app's client secret for HUBSPOT_WEBHOOK_URL",
    );
    return { status: 401, records: 0 };
  }
  const events = z.array(Event).safeParse(parseJson(request.body));
  if (!events.success) {
    log.warn({ bytes: request.body.length }, "a signed webhook holds no list of events");
    return { status: 400, records: 0 };
  }
  const { records, connections } = await keep(parts, events.data);
  const portals = new Set(events.data.map(({ portalId }) => portalId)).size;
  if (connections.length < portals) {
    log.warn(
      { portals, known: connections.length },
      "webhook events of a portal that is not connected were dropped",
    );
  }
  return { status: 204, records };
}

/** One statement: an event that is kept has its records noted, and one that was known notes none. */
async function keep(
  { store, workspaceId }: WebhookParts,
  events: readonly Event[],
): Promise<z.infer<typeof Counted>> {
  const rows = events.map((event) => ({
    portal: event.portalId,
    key: eventKey(event),
    records: namedBy(event).filter(({ type }) => CONCERNS_FLAGS.has(type)),
  }));
  return store.one(
    Counted,
    sql`
with incoming as (
    select distinct on (connection.connection_id, incoming.key)
        connection.connection_id,
        incoming.key,
        incoming.records
    from jsonb_to_recordset(${sql.json(rows)}::jsonb) as incoming (portal text, key text, records jsonb)
    inner join mirror.connection as connection
        on connection.workspace_id = ${workspaceId}
        and connection.crm = 'hubspot'
        and connection.org_id = incoming.portal
),
fresh as (
    insert into mirror.webhook_event (workspace_id, connection_id, event_key)
    select ${workspaceId}, incoming.connection_id, incoming.key
    from incoming
    on conflict do nothing
    returning connection_id, event_key
),
noted as (
    insert into mirror.touched_record as touched (workspace_id, connection_id, object_type, record_id)
    select distinct ${workspaceId}, fresh.connection_id, record.type, record.id
    from fresh
    inner join incoming on incoming.connection_id = fresh.connection_id and incoming.key = fresh.event_key
    cross join lateral jsonb_to_recordset(incoming.records) as record (type text, id text)
    on conflict (workspace_id, connection_id, object_type, record_id)
        do update set generation = touched.generation + 1
    returning record_id
)
select
    (select count(*) from noted) as records,
    (select coalesce(array_agg(distinct connection_id), '{}') from incoming) as connections`,
  );
}

/** The same for each attempt to deliver an event; HubSpot's event id alone is not unique. */
function eventKey(event: Event): string {
  const parts = [
    event.subscriptionType,
    event.subscriptionId,
    event.eventId,
    event.objectTypeId,
    event.objectId ?? event.fromObjectId,
    event.toObjectId,
    event.propertyName,
    event.occurredAt,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

/** Every record that an event names, with its type. */
function namedBy(event: Event): readonly { readonly type: string; readonly id: string }[] {
  const classic = CLASSIC_TYPES[event.subscriptionType.split(".")[0] ?? ""];
  const own = event.objectTypeId ?? event.fromObjectTypeId ?? classic;
  const named: (readonly [string | undefined, string | undefined])[] = [
    [own, event.objectId],
    [own, event.primaryObjectId],
    [own, event.newObjectId],
    ...(event.mergedObjectIds ?? []).map((id) => [own, id] as const),
    [event.fromObjectTypeId ?? own, event.fromObjectId],
    [event.toObjectTypeId, event.toObjectId],
  ];
  const found = new Map(
    named.flatMap(([type, id]) =>
      type === undefined || id === undefined ? [] : [[`${type} ${id}`, { type, id }] as const],
    ),
  );
  return [...found.values()];
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}
