import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BusyError } from "../core/errors.ts";
import type { Database } from "./database.ts";
import { acquireOwnership, type Owner } from "./owner-socket.ts";
import { openPgliteDatabase, type PgliteDatabase } from "./pglite/pglite-database.ts";
import { openPostgresDatabase } from "./postgres/postgres-database.ts";

/** A folder of this machine (PGlite), a Postgres address, or memory (PGlite, for tests), empty or from a dump. */
export type DatabaseLocation =
  | { readonly dataDirectory: string; readonly owner?: Owner }
  | { readonly url: string; readonly maxConnections?: number }
  | { readonly memory: true; readonly from?: Uint8Array };

/** A store in a folder of this machine, or in memory. */
export type EmbeddedDatabase = PgliteDatabase;

/**
 * Opens the store; call `migrate` on it before use. A folder is opened by one process only: PGlite would not notice a
 * second one and would lose its rows. Whoever already owns the folder hands in `owner`; otherwise it is taken here and
 * given up on close.
 * @throws BusyError when another process owns the folder.
 */
export function openDatabase(location: {
  readonly dataDirectory: string;
  readonly owner?: Owner;
}): Promise<EmbeddedDatabase>;
export function openDatabase(location: {
  readonly memory: true;
  readonly from?: Uint8Array;
}): Promise<EmbeddedDatabase>;
export function openDatabase(location: DatabaseLocation): Promise<Database>;
export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  if ("url" in location) return openPostgresDatabase(location);
  if ("memory" in location) return openPgliteDatabase({ folder: undefined, dump: location.from });
  return openFolder(location.dataDirectory, location.owner);
}

async function openFolder(dataDirectory: string, given: Owner | undefined): Promise<PgliteDatabase> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const owner = given ?? (await acquireOwnership(dataDirectory));
  if (!owner.owned) {
    throw new BusyError(
      `Another ripeline process has the store in ${dataDirectory} open. Stop it, or let it do the work: commands that can are sent to it.`,
    );
  }
  try {
    const database = await openPgliteDatabase({ folder: join(dataDirectory, "store"), dump: undefined });
    const close = async () => {
      await database.close();
      if (given === undefined) await owner.release();
    };
    return { ...database, close };
  } catch (error) {
    if (given === undefined) await owner.release();
    throw error;
  }
}
