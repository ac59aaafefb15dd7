import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { DiffScope } from "./diff.ts";
import type { TargetObject } from "./targets/target.ts";

/** Codes with which the CRM refuses an owner: no Read on the object, a deactivated user, a licence without custom objects. */
const OWNER_REFUSED: ReadonlySet<string> = new Set([
  "TRANSFER_REQUIRES_READ",
  "INACTIVE_OWNER_OR_USER",
  "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
]);

export function isOwnerRefused(code: string): boolean {
  return OWNER_REFUSED.has(code);
}

/** Somebody may have granted what was missing: asked again a day later, and after `apply`. */
export const OWNER_RETRY_MS = 24 * 3_600_000;

function hasOwner(target: TargetObject): boolean {
  return target.standardFields.some((field) => field.name === "OwnerId");
}

/**
 * Before a push is planned: where the next try is due, what we put down as acknowledged is taken off, so that the owner
 * differs and is sent.
 */
export async function askAgain(db: Database, target: TargetObject, scope: DiffScope): Promise<void> {
  if (!hasOwner(target)) return;
  await db.execute(sql`
    update writeback.acknowledged as acknowledged
    set fields = acknowledged.fields - 'OwnerId', fingerprint = null
    from writeback.withheld_owner as withheld
    where withheld.workspace_id = ${scope.workspaceId} and withheld.connection_id = ${scope.connectionId}
      and withheld.object = ${target.object} and withheld.next_try_at <= ${scope.asOf}::timestamptz
      and acknowledged.workspace_id = withheld.workspace_id
      and acknowledged.connection_id = withheld.connection_id
      and acknowledged.object = withheld.object and acknowledged.key = withheld.key`);
}

/** After it is planned: an owner that was to be asked for and is not wanted any more (the rep has left) is forgotten. */
export async function forgetUnwanted(db: Database, target: TargetObject, scope: DiffScope): Promise<void> {
  if (!hasOwner(target)) return;
  await db.execute(sql`
    delete from writeback.withheld_owner as withheld
    where withheld.workspace_id = ${scope.workspaceId} and withheld.connection_id = ${scope.connectionId}
      and withheld.object = ${target.object} and withheld.next_try_at <= ${scope.asOf}::timestamptz
      and not exists (
        select from writeback.pending as pending
        where pending.workspace_id = withheld.workspace_id and pending.connection_id = withheld.connection_id
          and pending.object = withheld.object and pending.key = withheld.key and pending.changes ? 'OwnerId'
      )`);
}

const WithheldRow = z.object({
  object: z.string(),
  code: z.string(),
  message: z.string(),
  rows: z.number(),
  owner_ids: z.array(z.string()),
  first_at: z.date(),
  next_try_at: z.date(),
});

/** Rows of ours that are not their rep's because the CRM refused the owner, by its reason. */
export interface WithheldOwners {
  readonly object: string;
  /** The CRM's code and words. */
  readonly code: string;
  readonly message: string;
  readonly rows: number;
  /** User ids, at most ten. */
  readonly ownerIds: readonly string[];
  /** ISO UTC. */
  readonly since: string;
  readonly nextTryAt: string;
  /** What to do about it. */
  readonly next: string;
}

export async function readWithheldOwners(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
): Promise<readonly WithheldOwners[]> {
  const found = await db.any(
    WithheldRow,
    sql`select object, code, max(message) as message, count(*)::integer as rows,
            (array_agg(distinct owner_id order by owner_id))[1:10] as owner_ids,
            min(first_at) as first_at, min(next_try_at) as next_try_at
        from writeback.withheld_owner
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
        group by object, code
        order by object, code`,
  );
  return found.map((row) => ({
    object: row.object,
    code: row.code,
    message: row.message,
    rows: row.rows,
    ownerIds: row.owner_ids,
    since: row.first_at.toISOString(),
    nextTryAt: row.next_try_at.toISOString(),
    next: nextStep(row.code),
  }));
}

function nextStep(code: string): string {
  switch (code) {
    case "TRANSFER_REQUIRES_READ":
      return "assign these users the permission set Ripeline Reader; it is tried again daily, and at once after `ripeline apply`";
    case "INACTIVE_OWNER_OR_USER":
      return "these users were deactivated: their rows stay the integration user's, and people of the group Ripeline Readers see them";
    default:
      return "these users' licence cannot own such records: put who should see them into the group Ripeline Readers, or list the users in reps.ignored_owners";
  }
}
