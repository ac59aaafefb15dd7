import { z } from "zod";
import { WrongOrgError } from "../core/errors.ts";
import type { OrgFacts, OrgIdentity } from "../core/ports.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { MirrorKey } from "./stream-state.ts";

const Automation = z.object({
  object: z.string(),
  kind: z.enum(["ApexTrigger", "Flow", "WorkflowRule", "ValidationRule", "DuplicateRule", "AssignmentRule"]),
  name: z.string(),
});

const ConnectionRow = z.object({
  crm: z.string(),
  org_id: z.string(),
  instance_url: z.string(),
  username: z.string(),
  first_pull_at: z.date().nullable(),
  applied_at: z.date().nullable(),
  tracks_owner_history: z.boolean(),
  tracks_status_history: z.boolean(),
  has_multiple_currencies: z.boolean(),
  automation: z.array(Automation),
  facts_read_at: z.date().nullable(),
  daily_call_limit: z.number().nullable(),
});

/** What the store knows of a connection. Instants are the CRM's clock, UTC. */
export type ConnectionRecord = z.infer<typeof ConnectionRow>;

export function readConnection(db: Database, key: MirrorKey): Promise<ConnectionRecord | undefined> {
  return db.maybeOne(
    ConnectionRow,
    sql`
      select crm, org_id, instance_url, username, first_pull_at, applied_at, tracks_owner_history,
        tracks_status_history, has_multiple_currencies, automation, facts_read_at, daily_call_limit
      from mirror.connection
      where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`,
  );
}

/**
 * Ties the connection to its org at first sight and refuses another one afterwards: a refreshed sandbox or a changed
 * address must not be mixed into the numbers of the first org.
 * @throws WrongOrgError naming both orgs
 */
export async function pinConnection(db: Database, key: MirrorKey, identity: OrgIdentity): Promise<void> {
  const known = await readConnection(db, key);
  if (known !== undefined && known.org_id !== identity.orgId) {
    throw new WrongOrgError(
      identity.crm,
      `The connection "${key.connectionId}" belongs to org ${known.org_id}, but ${identity.orgId} answers: the sandbox ` +
        "was refreshed, or the address is another org's. Nothing was read or written. Use another " +
        `RIPELINE_DATA_DIR (or DATABASE_URL) or another connections.${identity.crm}.id for the new org.`,
    );
  }
  await db.execute(sql`
    insert into mirror.connection (workspace_id, connection_id, crm, org_id, instance_url, username)
    values (
      ${key.workspaceId}, ${key.connectionId}, ${identity.crm}, ${identity.orgId}, ${identity.instanceUrl},
      ${identity.username}
    )
    on conflict (workspace_id, connection_id) do update set
      instance_url = excluded.instance_url,
      username = excluded.username`);
}

/** Notes what the org told about itself; `readAt` is the CRM's clock. */
export async function saveFacts(db: Database, key: MirrorKey, facts: OrgFacts, readAt: Date): Promise<void> {
  await db.execute(sql`
    update mirror.connection set
      tracks_owner_history = ${facts.tracksOwnerHistory},
      tracks_status_history = ${facts.tracksStatusHistory},
      has_multiple_currencies = ${facts.hasMultipleCurrencies},
      automation = ${sql.json(facts.automation)}::jsonb,
      facts_read_at = ${readAt},
      daily_call_limit = coalesce(${facts.dailyCallLimit}::integer, daily_call_limit)
    where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`);
}

/** The org's calls a day, where they were learnt before the rest. */
export async function noteDailyCallLimit(db: Database, key: MirrorKey, limit: number): Promise<void> {
  await db.execute(sql`
    update mirror.connection set daily_call_limit = ${limit}
    where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`);
}

/** The first complete pull's instant, kept once. */
export async function noteFirstPull(db: Database, key: MirrorKey, at: Date): Promise<void> {
  await db.execute(sql`
    update mirror.connection set first_pull_at = coalesce(first_pull_at, ${at}::timestamptz)
    where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`);
}
