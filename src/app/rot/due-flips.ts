import { z } from "zod";
import type { Json } from "../../core/json.ts";
import type { Database } from "../../database/database.ts";
import { type Sql, sql } from "../../database/sql.ts";
import type { MirrorKey } from "../../mirror/stream-state.ts";

/** A record of ours whose flag is to be looked at, as the CRM last confirmed it. */
export interface FlagRow {
  readonly object: "leads" | "contacts";
  readonly key: string;
  readonly fields: Json;
  /** When its status changes by itself; null where it was asked for by name. */
  readonly flipAt: string | null;
  /** Of the run that wrote it: whoever writes meanwhile changes it. */
  readonly runId: string;
  readonly contactId: string | null;
}

const Row = z.object({
  object: z.enum(["leads", "contacts"]),
  key: z.string(),
  fields: z.json(),
  flip_at: z.string().nullable(),
  run_id: z.string(),
  contact_id: z.string().nullable(),
});

/** Objects that carry a flag of their own: where the portal works with leads, a contact only shows those of its leads. */
export type UnitObject = "leads" | "contacts";

/** Records whose status changes at or before `now` and are not held back, earliest first. */
export async function readDueFlips(
  db: Database,
  key: MirrorKey,
  wanted: { readonly object: UnitObject; readonly now: Date; readonly most: number },
): Promise<readonly FlagRow[]> {
  const rows = await db.any(
    Row,
    sql`
with due as (
    select
        acknowledged.object,
        acknowledged.key,
        acknowledged.fields,
        writeback.next_flip(acknowledged.fields) as flip_at,
        acknowledged.run_id
    from writeback.acknowledged as acknowledged
    where acknowledged.workspace_id = ${key.workspaceId}
        and acknowledged.connection_id = ${key.connectionId}
        and acknowledged.object = ${wanted.object}
        and writeback.next_flip(acknowledged.fields) is not null
        and writeback.next_flip(acknowledged.fields) <= ${wanted.now.toISOString()}
        and not exists (
            select
            from writeback.flip_hold as hold
            where hold.workspace_id = ${key.workspaceId}
                and hold.connection_id = ${key.connectionId}
                and hold.object = acknowledged.object
                and hold.key = acknowledged.key
                and hold.until_at > ${wanted.now}::timestamptz
        )
    order by writeback.next_flip(acknowledged.fields)
    limit ${wanted.most}
)
${withContacts(key)}
order by due.flip_at, due.key`,
  );
  return rows.map(toFlagRow);
}

/** The rows of these records, where they carry a running clock. */
export async function readFlagRows(
  db: Database,
  key: MirrorKey,
  wanted: { readonly object: UnitObject; readonly keys: readonly string[] },
): Promise<readonly FlagRow[]> {
  const rows = await db.any(
    Row,
    sql`
with due as (
    select
        acknowledged.object,
        acknowledged.key,
        acknowledged.fields,
        null::text as flip_at,
        acknowledged.run_id
    from writeback.acknowledged as acknowledged
    where acknowledged.workspace_id = ${key.workspaceId}
        and acknowledged.connection_id = ${key.connectionId}
        and acknowledged.object = ${wanted.object}
        and acknowledged.key = any(${[...wanted.keys]}::text[])
        and acknowledged.fields ->> 'ripeline_rot_status' is not null
)
${withContacts(key)}
order by due.key`,
  );
  return rows.map(toFlagRow);
}

/** A lead's primary contact, else its first. */
function withContacts(key: MirrorKey): Sql {
  return sql`
select
    due.object,
    due.key,
    due.fields,
    due.flip_at,
    due.run_id,
    case
        when due.object = 'leads'
            then coalesce(
                -- 578 is the association type of a lead's primary contact.
                substring(';' || association.associationtypes || ';' from ';([0-9]+):578;'),
                nullif(split_part(association.toobjectids, ';', 1), '')
            )
    end as contact_id
from due
left join mirror.hubspot_lead_association as association
    on due.object = 'leads'
    and association.workspace_id = ${key.workspaceId}
    and association.connection_id = ${key.connectionId}
    and association.id = due.key || ':contacts'
    and association.valid_to is null`;
}

function toFlagRow(row: z.infer<typeof Row>): FlagRow {
  return {
    object: row.object,
    key: row.key,
    fields: row.fields,
    flipAt: row.flip_at,
    runId: row.run_id,
    contactId: row.contact_id,
  };
}

const Next = z.object({ at: z.date().nullable() });

/**
 * When the next status changes, or a hold ends; null where nothing will. UTC, the CRM's clock. One look at the head of an
 * index, whatever the number of records.
 */
export async function nextFlipAt(db: Database, key: MirrorKey, object: UnitObject): Promise<Date | null> {
  const { at } = await db.one(
    Next,
    sql`
select least(
    (
        select writeback.next_flip(acknowledged.fields)::timestamptz
        from writeback.acknowledged as acknowledged
        where acknowledged.workspace_id = ${key.workspaceId}
            and acknowledged.connection_id = ${key.connectionId}
            and acknowledged.object = ${object}
            and writeback.next_flip(acknowledged.fields) is not null
            and not exists (
                select
                from writeback.flip_hold as hold
                where hold.workspace_id = ${key.workspaceId}
                    and hold.connection_id = ${key.connectionId}
                    and hold.object = acknowledged.object
                    and hold.key = acknowledged.key
            )
        order by writeback.next_flip(acknowledged.fields)
        limit 1
    ),
    (
        select min(hold.until_at)
        from writeback.flip_hold as hold
        where hold.workspace_id = ${key.workspaceId}
            and hold.connection_id = ${key.connectionId}
            and hold.object = ${object}
    )
) as at`,
  );
  return at;
}
