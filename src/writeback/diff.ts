import { createHash } from "node:crypto";
import { z } from "zod";
import type { Database } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import { columnNames, type RowModel, type TargetField, type TargetObject } from "./targets/target.ts";
import { ridingFields } from "./targets.ts";

/** Whose rows, and as of when (the CRM's clock, UTC). */
export interface DiffScope {
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly asOf: Date;
}

const Count = z.object({ count: z.number() });

/** A column of the desired row as the CRM wants it. The only place where a number is rounded. */
function valueOf(field: TargetField, column: string): Sql {
  const cell = sql.identifier(["candidate", column]);
  const { type } = field;
  switch (type.kind) {
    case "text":
    case "external_id":
    case "long_text":
      return sql`left(nullif(${cell}::text, ''), ${type.length}::integer)`;
    case "checkbox":
      return sql`coalesce(${cell}, false)`;
    case "date":
      return sql`to_char(${cell}, 'YYYY-MM-DD')`;
    case "datetime":
      return sql`to_char(${cell} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    case "number":
    case "currency":
      return sql`round(${cell}::numeric, ${type.scale}::integer)`;
    case "choice":
      return sql`nullif(${cell}::text, '')`;
    case "lookup":
      return sql`${cell}::text`;
    case "formula":
      throw new TypeError(`${field.name} is a formula: the CRM computes it, nothing is written`);
  }
}

function hasMetricFields(target: TargetObject): boolean {
  return target.fields.some((field) => field.source.from === "metric");
}

/** The desired row as JSON: API name to value. */
function fieldsOf(target: TargetObject): Sql {
  const columns = target.fields.flatMap((field) =>
    field.source.from === "column" ? [sql`${field.name}::text, ${valueOf(field, field.source.column)}`] : [],
  );
  const standard = target.standardFields.map(
    ({ name, column }) => sql`${name}::text, ${sql.identifier(["candidate", column])}::text`,
  );
  const own = sql`jsonb_build_object(${sql.join([...columns, ...standard], sql`, `)})`;
  return hasMetricFields(target) ? sql`(${own} || candidate.metrics)` : own;
}

/** Changes when the fields we write or their shapes change: every row is then compared field by field again. */
function shapeOf(target: TargetObject): string {
  const shape = target.fields
    .filter((field) => field.type.kind !== "formula")
    .map((field) => [field.name, field.type]);
  return createHash("sha256")
    .update(JSON.stringify([shape, target.standardFields]))
    .digest("hex")
    .slice(0, 16);
}

/**
 * Works out what has to be sent for one object and puts it into `writeback.pending`: desired minus acknowledged, changed
 * fields only, one row per record, in order of parent and key.
 *
 * Riding columns go along with other changes and never cause one, except in a row that its model calls due. A row the
 * CRM refused comes back when its time has come or when another value is desired. Everything happens inside the store:
 * the number of rows does not matter to this process's memory.
 * @param model the desired rows: columns key, parent, is_due, omitted (API names not to send) and the target's columns
 * @returns how many rows are to be sent
 */
export async function planChanges(
  db: Database,
  target: TargetObject,
  model: Sql,
  scope: DiffScope,
): Promise<number> {
  const { workspaceId, connectionId, asOf } = scope;
  const riding = ridingFields(target);
  await db.transaction(async (tx) => {
    await tx.execute(
      sql`delete from writeback.pending
          where workspace_id = ${workspaceId} and connection_id = ${connectionId} and object = ${target.object}`,
    );
    await tx.execute(sql`
with desired as (${model}),
stamped as (
    select
        desired.*,
        hash_record_extended(row(desired.*, ${shapeOf(target)}::text), 0) as fingerprint
    from desired
),
candidate as (
    select
        stamped.*,
        ${asOf}::timestamptz as data_as_of,
        acknowledged.fields as acknowledged,
        acknowledged.record_id
    from stamped
    left join writeback.acknowledged as acknowledged
        on acknowledged.workspace_id = ${workspaceId}
        and acknowledged.connection_id = ${connectionId}
        and acknowledged.object = ${target.object}
        and acknowledged.key = stamped.key
    where acknowledged.fingerprint is distinct from stamped.fingerprint
        or stamped.is_due
),
built as (
    select
        candidate.key,
        candidate.parent,
        candidate.is_due,
        candidate.fingerprint,
        candidate.acknowledged,
        candidate.record_id,
        ${fieldsOf(target)} - candidate.omitted as fields
    from candidate
),
compared as (
    select
        built.key,
        built.parent,
        built.is_due,
        built.fingerprint,
        built.acknowledged,
        built.record_id,
        case
            when built.acknowledged is null then built.fields
            else coalesce(
                (
                    select jsonb_object_agg(entry.key, entry.value)
                    from jsonb_each(built.fields) as entry
                    where (built.acknowledged -> entry.key) is distinct from entry.value
                ),
                '{}'
            )
        end as changes
    from built
),
differing as materialized (
    select
        compared.*,
        compared.changes - ${riding}::text[] as core
    from compared
),
unchanged as (
    update writeback.acknowledged as acknowledged
    set fingerprint = differing.fingerprint
    from differing
    where acknowledged.workspace_id = ${workspaceId}
        and acknowledged.connection_id = ${connectionId}
        and acknowledged.object = ${target.object}
        and acknowledged.key = differing.key
        and acknowledged.fingerprint is distinct from differing.fingerprint
        and differing.core = '{}'
),
settled as (
    delete from writeback.rejection as rejection
    where rejection.workspace_id = ${workspaceId}
        and rejection.connection_id = ${connectionId}
        and rejection.object = ${target.object}
        and (rejection.state <> 'vanished' or rejection.last_at < ${asOf}::timestamptz - interval '7 days')
        and not exists (
            select
            from differing
            where differing.key = rejection.key
                and differing.core <> '{}'
        )
)
insert into writeback.pending (
    workspace_id, connection_id, object, position, key, record_id, changes, fingerprint, is_clear
)
select
    ${workspaceId},
    ${connectionId},
    ${target.object},
    row_number() over (order by differing.parent, differing.key),
    differing.key,
    differing.record_id,
    differing.changes,
    differing.fingerprint,
    ${clearOf(target)}
from differing
left join writeback.rejection as rejection
    on rejection.workspace_id = ${workspaceId}
    and rejection.connection_id = ${connectionId}
    and rejection.object = ${target.object}
    and rejection.key = differing.key
where (differing.core <> '{}' or (differing.is_due and differing.changes <> '{}'))
    and (
        rejection.key is null
        or rejection.next_try_at <= ${asOf}::timestamptz
        or (rejection.state <> 'vanished' and rejection.core <> differing.core)
    )
`);
  });
  const { count } = await db.one(
    Count,
    sql`select count(*) as count from writeback.pending
        where workspace_id = ${workspaceId} and connection_id = ${connectionId} and object = ${target.object}`,
  );
  if (count >= MANY) await refreshStatistics(db, "pending");
  return count;
}

/**
 * Condition on `differing`: the row turns a flag off. A target without one of the fields has no such flag.
 */
function clearOf(target: TargetObject): Sql {
  const names = columnNames(target);
  const clock = names["clock"] ?? "";
  const undelivered = names["undelivered"] ?? "";
  const firstTouch = names["first_touch_at"] ?? "";
  const status = names["rot_status"] ?? "";
  return sql`coalesce(
        (differing.changes -> ${clock}::text = 'null' and differing.acknowledged ->> ${clock}::text <> '')
        or (
            differing.changes -> ${undelivered}::text = 'false'
            and differing.acknowledged -> ${undelivered}::text = 'true'
        )
        -- The first touch turns the flag of an open handoff off.
        or (
            differing.changes -> ${firstTouch}::text <> 'null'
            and coalesce(differing.acknowledged -> ${firstTouch}::text, 'null') = 'null'
            and differing.acknowledged ->> ${clock}::text = 'open'
        )
        -- Where the CRM computes nothing, the state itself is the flag.
        or (differing.changes ? ${status}::text and differing.acknowledged ->> ${status}::text = 'rotting'),
        false
    )`;
}

/** From so many rows on a plan made without statistics would read whole tables for each row. */
const MANY = 200;

/** The embedded store gathers no statistics and clears no dead rows by itself; a server may come to it too late. */
export async function refreshStatistics(db: Database, table: "pending" | "acknowledged"): Promise<void> {
  await db.execute(sql`vacuum (analyze) ${sql.identifier(["writeback", table])}`);
}

/**
 * Forgets what we wrote to leads, opportunities and campaigns that are gone from the CRM or read-only (deleted, merged,
 * converted, closed): such a record is never written again, and one that comes back is written anew.
 */
export async function forgetGone(db: Database, target: TargetObject, scope: DiffScope): Promise<void> {
  const { workspaceId, connectionId } = scope;
  const alive: Readonly<Partial<Record<RowModel, Sql>>> = {
    lead: sql`select from metrics.int_lead as lead
        where lead.workspace_id = ${workspaceId} and lead.connection_id = ${connectionId}
            and lead.lead_id = acknowledged.key and not lead.is_converted`,
    opportunity: sql`select from metrics.int_opportunity as opportunity
        where opportunity.workspace_id = ${workspaceId} and opportunity.connection_id = ${connectionId}
            and opportunity.opportunity_id = acknowledged.key and opportunity.is_open`,
    campaign: sql`select from metrics.int_campaign as campaign
        where campaign.workspace_id = ${workspaceId} and campaign.connection_id = ${connectionId}
            and campaign.campaign_id = acknowledged.key`,
  };
  const living = alive[target.rows];
  if (living === undefined) return;
  await db.execute(
    sql`delete from writeback.acknowledged as acknowledged
        where acknowledged.workspace_id = ${workspaceId}
            and acknowledged.connection_id = ${connectionId}
            and acknowledged.object = ${target.object}
            and not exists (${living})`,
  );
}
