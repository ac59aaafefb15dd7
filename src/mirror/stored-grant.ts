import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { AuthError, BusyError, type CrmName } from "../core/errors.ts";
import type { GrantRefresh, SharedGrants, TokenGrant } from "../core/grants.ts";
import { MINUTE_MS, SECOND_MS } from "../core/time.ts";
import type { Database, Queries } from "../database/database.ts";
import { withLease } from "../database/lease.ts";
import { sql } from "../database/sql.ts";
import { type Keyring, openKeyring, type Place } from "./keyring.ts";
import type { MirrorKey } from "./stream-state.ts";

const Grant = z.object({
  loginUrl: z.string(),
  clientId: z.string(),
  instanceUrl: z.string(),
  accessToken: z.string(),
  refreshToken: z.string(),
  expiresAt: z.string().optional(),
});

const Row = z.object({
  key_id: z.string(),
  sealed: z.instanceof(Uint8Array),
  generation: z.number(),
  refresh_begun_at: z.date().nullable(),
});

/** For messages about its key. */
export const GRANT_NEED = "the sign-in that `ripeline connect` stored";

const placeOf = (key: MirrorKey): Place => [key.workspaceId, key.connectionId, "credential"];

function readRow(db: Queries, key: MirrorKey): Promise<z.infer<typeof Row> | undefined> {
  return db.maybeOne(
    Row,
    sql`select key_id, sealed, generation, refresh_begun_at from mirror.credential
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`,
  );
}

export async function hasGrant(db: Database, key: MirrorKey): Promise<boolean> {
  return (await readRow(db, key)) !== undefined;
}

function seal(keyring: Keyring, key: MirrorKey, grant: TokenGrant): ReturnType<Keyring["seal"]> {
  return keyring.seal(Buffer.from(JSON.stringify(Grant.parse(grant)), "utf8"), placeOf(key));
}

/** Stores what somebody has just granted, in place of an earlier grant. */
export async function saveGrant(
  db: Database,
  key: MirrorKey,
  keyring: Keyring,
  grant: TokenGrant,
): Promise<void> {
  const { keyId, bytes } = seal(keyring, key, grant);
  await db.execute(sql`
    insert into mirror.credential (workspace_id, connection_id, key_id, sealed, generation, connected_at)
    values (${key.workspaceId}, ${key.connectionId}, ${keyId}, ${bytes}, 1, clock_timestamp())
    on conflict (workspace_id, connection_id) do update set
      key_id = excluded.key_id, sealed = excluded.sealed, generation = credential.generation + 1,
      connected_at = excluded.connected_at, refreshed_at = null, refresh_begun_at = null`);
}

/** @returns whether there was one */
export async function deleteGrant(db: Database, key: MirrorKey): Promise<boolean> {
  const { rowCount } = await db.execute(sql`
    delete from mirror.credential
    where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`);
  return rowCount > 0;
}

/**
 * Seals the connection's grant anew under the first key.
 * @returns whether there was one
 * @throws as `Keyring.open`
 */
export async function resealGrant(db: Queries, key: MirrorKey, keyring: Keyring): Promise<boolean> {
  const row = await db.maybeOne(
    Row,
    sql`select key_id, sealed, generation, refresh_begun_at from mirror.credential
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
        for update`,
  );
  if (row === undefined) return false;
  const plain = keyring.open({ keyId: row.key_id, bytes: row.sealed }, placeOf(key));
  const { keyId, bytes } = keyring.seal(plain, placeOf(key));
  await db.execute(sql`
    update mirror.credential set key_id = ${keyId}, sealed = ${bytes}
    where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`);
  return true;
}

export interface StoredGrantsOptions {
  /** @default salesforce */
  readonly crm?: CrmName;
  readonly db: Database;
  readonly key: MirrorKey;
  /** RIPELINE_SECRET_KEY; looked at when a grant is read. */
  readonly secretKey: string | undefined;
  /**
   * A refresh is given up by the connector well before a lease of this length passes to another process, so that no two
   * are ever under way.
   */
  readonly leaseMs: number;
}

/** Longer than the lease of a process that died. */
const TURN_MS = 2 * MINUTE_MS;
const LOOK_AGAIN_MS = 250;
const SAVES = 5;

/** The grant in the store: one process refreshes it, under a lease, and the others take what it got. */
export function storedGrants({
  crm = "salesforce",
  db,
  key,
  secretKey,
  leaseMs,
}: StoredGrantsOptions): SharedGrants {
  const read = async (): Promise<{
    readonly grant: TokenGrant;
    readonly row: z.infer<typeof Row>;
    readonly keyring: Keyring;
  }> => {
    const row = await readRow(db, key);
    if (row === undefined) {
      throw new AuthError(
        crm,
        `Nobody is signed in for the connection "${key.connectionId}" any more. Run \`ripeline connect ${crm}\`.`,
      );
    }
    const keyring = openKeyring(secretKey, GRANT_NEED);
    const plain = keyring.open({ keyId: row.key_id, bytes: row.sealed }, placeOf(key));
    return { grant: Grant.parse(JSON.parse(plain.toString("utf8"))), row, keyring };
  };

  const refreshAlone = async (refused: string, refresh: GrantRefresh): Promise<TokenGrant> => {
    const { grant, row, keyring } = await read();
    if (grant.accessToken !== refused) return grant;
    const sameGrant = sql`workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
      and generation = ${row.generation}`;
    await db.execute(sql`
      update mirror.credential set refresh_begun_at = coalesce(refresh_begun_at, clock_timestamp())
      where ${sameGrant}`);
    let fresh: TokenGrant;
    try {
      fresh = await refresh(grant, row.refresh_begun_at);
    } catch (error) {
      // The org has answered: nothing of this refresh is on its way.
      if (error instanceof AuthError) {
        await db.execute(sql`
          update mirror.credential set refresh_begun_at = ${row.refresh_begun_at} where ${sameGrant}`);
      }
      throw error;
    }
    const { keyId, bytes } = seal(keyring, key, fresh);
    const { rowCount } = await insist(() =>
      db.execute(sql`
        update mirror.credential set
          key_id = ${keyId}, sealed = ${bytes}, generation = generation + 1,
          refreshed_at = clock_timestamp(), refresh_begun_at = null
        where ${sameGrant}`),
    );
    // Somebody has signed in anew meanwhile: theirs is the grant.
    return rowCount === 0 ? (await read()).grant : fresh;
  };

  return {
    newest: async () => (await read()).grant,
    renewed: async (refused, refresh) => {
      const until = Date.now() + TURN_MS;
      const lease = {
        database: db,
        workspaceId: key.workspaceId,
        name: `refresh ${key.connectionId}`,
        ttlMs: leaseMs,
      };
      for (;;) {
        const { grant } = await read();
        if (grant.accessToken !== refused) return grant;
        try {
          return await withLease(lease, () => refreshAlone(refused, refresh));
        } catch (error) {
          if (!(error instanceof BusyError) || Date.now() > until) throw error;
          await wait(LOOK_AGAIN_MS);
        }
      }
    },
  };
}

/** The old refresh token is void and the new one stands nowhere else: a store that stumbles is asked again. */
async function insist<T>(save: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await save();
    } catch (error) {
      if (tries === SAVES) throw error;
      await wait(SECOND_MS);
    }
  }
}
