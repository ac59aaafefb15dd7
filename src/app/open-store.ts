import { resolve } from "node:path";
import type { Environment } from "../config/environment.ts";
import { ConfigError, RipelineError } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { openDatabase } from "../database/open-database.ts";
import { acquireOwnership, type Owner, type Visitor } from "../database/owner-socket.ts";
import { sql } from "../database/sql.ts";

/** The command must be sent to the process that owns the embedded store. */
export interface Elsewhere {
  readonly visitor: Visitor;
}

export interface OpenStore {
  readonly store: Database;
  /** Null on Postgres. */
  readonly owner: Owner | null;
}

/**
 * The store with the current schema.
 * @returns `Elsewhere` when another process owns the embedded store
 * @throws SchemaTooNewError for a store of a newer version; ConfigError where it cannot be opened
 */
export async function openMigratedStore(environment: Environment): Promise<OpenStore | Elsewhere> {
  const opened = await openStore(environment);
  if ("visitor" in opened) return opened;
  const { store, owner } = opened;
  try {
    await migrate(store);
    // We own the embedded store alone: a lease in it was left by a process that died.
    if (owner !== null) await store.execute(sql`delete from ripeline.lease`);
  } catch (error) {
    await store.close();
    await owner?.release();
    throw error;
  }
  return opened;
}

/** A store that somebody else closes. */
export function lent(store: Database): OpenStore {
  return { store: { ...store, close: () => Promise.resolve() }, owner: null };
}

async function openStore(environment: Environment): Promise<OpenStore | Elsewhere> {
  if (environment.DATABASE_URL !== undefined) {
    return { store: await openDatabase({ url: environment.DATABASE_URL }), owner: null };
  }
  const dataDirectory = resolve(environment.RIPELINE_DATA_DIR);
  const ownership = await acquireOwnership(dataDirectory);
  if (!ownership.owned) return { visitor: ownership };
  try {
    return { store: await openDatabase({ dataDirectory, owner: ownership }), owner: ownership };
  } catch (error) {
    await ownership.release();
    if (error instanceof RipelineError) throw error;
    throw new ConfigError(
      `The embedded store in ${dataDirectory} cannot be opened: is the folder readable, and made by this version? ` +
        "Move it away to start anew (nothing in the CRM is lost), or point RIPELINE_DATA_DIR elsewhere.",
      { cause: error },
    );
  }
}
