import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ConfigError, SchemaTooNewError } from "../core/errors.ts";
import type { Database, Queries, Transaction } from "./database.ts";
import { loadSql, type SqlText } from "./load-sql.ts";
import { sql } from "./sql.ts";

/** The migrations that ship with this version. */
export const migrationsFolder = new URL("./migrations/", import.meta.url);

/** Where a store stood and where it stands now. */
export interface MigrationOutcome {
  readonly from: number;
  readonly to: number;
  /** File names, in the order in which this call ran them. */
  readonly applied: readonly string[];
}

interface Migration {
  readonly version: number;
  readonly script: SqlText;
  readonly checksum: string;
}

/** Any number that no other program locks by: the letters "ripe". */
const lockKey = 0x72697065;

const Applied = z.object({ version: z.number(), name: z.string(), checksum: z.string() });
type Applied = z.infer<typeof Applied>;

function readMigrations(folder: URL): readonly Migration[] {
  const files = readdirSync(fileURLToPath(folder)).filter((name) => name.endsWith(".sql"));
  const migrations = files.toSorted().map((name) => {
    const number = /^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1];
    if (number === undefined) {
      throw new ConfigError(`The migration ${name} is not named like 0001-what-it-does.sql; rename it.`);
    }
    const script = loadSql(new URL(name, folder));
    return {
      version: Number(number),
      script,
      checksum: createHash("sha256").update(script.text).digest("hex"),
    };
  });
  migrations.forEach((migration, index) => {
    const other = migrations[index - 1];
    if (other?.version === migration.version) {
      throw new ConfigError(
        `The migrations ${other.script.name} and ${migration.script.name} have the same number; renumber the later one.`,
      );
    }
  });
  return migrations;
}

async function lockAndRead(tx: Transaction): Promise<readonly Applied[]> {
  await tx.execute(sql`select pg_advisory_xact_lock(${lockKey})`);
  await tx.execute(sql`create schema if not exists ripeline`);
  await tx.execute(sql`
    create table if not exists ripeline.schema_migration (
      version integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
  return readApplied(tx);
}

function readApplied(queries: Queries): Promise<readonly Applied[]> {
  return queries.any(
    Applied,
    sql`select version, name, checksum from ripeline.schema_migration order by version`,
  );
}

function refuseUnknown(applied: readonly Applied[], migrations: readonly Migration[]): void {
  const newest = migrations.at(-1)?.version ?? 0;
  const tooNew = applied.find((row) => row.version > newest);
  if (tooNew !== undefined) {
    throw new SchemaTooNewError(
      `The store was migrated to version ${applied.at(-1)?.version} (${applied.at(-1)?.name}) by a newer ripeline; ` +
        `this one knows versions up to ${newest}. Install the newer ripeline, or restore a backup made before the upgrade. Nothing was changed.`,
    );
  }
  for (const row of applied) {
    const migration = migrations.find(({ version }) => version === row.version);
    if (migration?.checksum === row.checksum) continue;
    throw new SchemaTooNewError(
      `The store was migrated with another ${row.name} than the one in this version (${migration?.script.name ?? "which has none"}). ` +
        "Use the ripeline that made the store, or start with an empty store. Nothing was changed.",
    );
  }
}

/**
 * Brings a store to the schema of this version, each migration in a transaction of its own. Any number of processes may
 * call it at once: they take turns, and each migration runs once.
 * @throws SchemaTooNewError when a newer version migrated the store; nothing is changed then.
 */
export async function migrate(
  database: Database,
  options: { readonly folder?: URL } = {},
): Promise<MigrationOutcome> {
  const migrations = readMigrations(options.folder ?? migrationsFolder);
  const before = await database.transaction(lockAndRead);
  refuseUnknown(before, migrations);
  const applied: string[] = [];
  for (const migration of migrations) {
    if (before.some((row) => row.version === migration.version)) continue;
    if (await applyOne(database, migration)) applied.push(migration.script.name);
  }
  return { from: before.at(-1)?.version ?? 0, to: migrations.at(-1)?.version ?? 0, applied };
}

/** False when another process ran it meanwhile. */
function applyOne(database: Database, { version, script, checksum }: Migration): Promise<boolean> {
  return database.transaction(async (tx) => {
    const rows = await lockAndRead(tx);
    if (rows.some((row) => row.version === version)) return false;
    await tx.executeScript(script);
    await tx.execute(
      sql`insert into ripeline.schema_migration (version, name, checksum) values (${version}, ${script.name}, ${checksum})`,
    );
    return true;
  });
}
