import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { z } from "zod";
import type { Database } from "../../src/database/database.ts";
import { migrate, migrationsFolder } from "../../src/database/migrate.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { sql } from "../../src/database/sql.ts";

/** A migrated store for one test file. `empty` before each test, `close` after all. */
export interface TestDatabase {
  readonly database: Database;
  /** The address, where the store is Postgres. */
  readonly url: string | undefined;
  /** Empties every table of ours; the schema stays. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A store of its own with the current schema: PGlite in memory, or, when TEST_DATABASE_URL names a server, a new Postgres
 * database there, dropped on close. PGlite starts from a dump kept in the temporary folder under a hash of the
 * migrations: 0.6 s instead of 3.
 *
 * ```ts
 * const store = await openTestDatabase();
 * afterAll(() => store.close());
 * beforeEach(() => store.empty());
 * ```
 */
export async function openTestDatabase(): Promise<TestDatabase> {
  const server = process.env["TEST_DATABASE_URL"];
  return server === undefined || server === "" ? openEmbedded() : openOnServer(server);
}

/** A new, empty database on a server; for tests that need Postgres itself. */
export async function createServerDatabase(
  server: string,
): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  const name = `ripeline_test_${randomUUID().replaceAll("-", "")}`;
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(server, `drop database if exists ${name} with (force)`) };
}

async function onServer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function openOnServer(server: string): Promise<TestDatabase> {
  const { url, drop } = await createServerDatabase(server);
  const database = await openDatabase({ url });
  await migrate(database);
  const close = async () => {
    await database.close();
    await drop();
  };
  return { database, url, empty: () => emptyTables(database), close };
}

async function openEmbedded(): Promise<TestDatabase> {
  const database = await openDatabase({ memory: true, from: await migratedDump() });
  return { database, url: undefined, empty: () => emptyTables(database), close: () => database.close() };
}

/** A PGlite store with the current schema, as `openDatabase({ memory: true, from })` takes it. */
export async function migratedDump(): Promise<Uint8Array> {
  const file = join(tmpdir(), `ripeline-test-store-${schemaHash()}.tar`);
  const kept = await readFile(file).catch(() => undefined);
  if (kept !== undefined) return kept;
  const database = await openDatabase({ memory: true });
  await migrate(database);
  const dump = await database.dump();
  await database.close();
  // Several test files may do this at once: each renames a whole file into place.
  const part = `${file}.${randomUUID()}`;
  await writeFile(part, dump, { mode: 0o600 });
  await rename(part, file);
  return dump;
}

/**
 * Puts a store with the current schema where an app with this data directory will look for it: a copy of one that is made
 * once and kept in the temporary folder. Making a store takes PGlite six seconds of processor time, copying one takes one.
 */
export async function prepareDataDirectory(dataDirectory: string): Promise<void> {
  const kept = join(tmpdir(), `ripeline-test-folder-${schemaHash()}`);
  if (!existsSync(kept)) {
    const part = `${kept}.${randomUUID()}`;
    const database = await openDatabase({ dataDirectory: part });
    await migrate(database);
    await database.close();
    // Whoever comes second keeps what the first one made.
    await rename(part, kept).catch(() => rm(part, { recursive: true, force: true }));
  }
  await cp(join(kept, "store"), join(dataDirectory, "store"), { recursive: true });
}

function schemaHash(): string {
  const hash = createHash("sha256");
  const folder = fileURLToPath(migrationsFolder);
  for (const name of readdirSync(folder).toSorted())
    hash.update(name).update(readFileSync(join(folder, name)));
  hash.update(readFileSync(createRequire(import.meta.url).resolve("@electric-sql/pglite")));
  return hash.digest("hex").slice(0, 24);
}

const TableName = z.object({ schema: z.string(), name: z.string() });

/** Truncating a hundred empty tables takes longer than most tests, so only those that hold rows are truncated. */
async function emptyTables(database: Database): Promise<void> {
  const tables = await database.any(
    TableName,
    sql`select table_schema as schema, table_name as name
        from information_schema.tables
        where table_type = 'BASE TABLE'
          and table_schema in ('ripeline', 'mirror', 'staging', 'metrics', 'writeback')
          and table_name <> 'schema_migration'`,
  );
  if (tables.length === 0) return;
  const probes = tables.map(
    ({ schema, name }) =>
      sql`select ${schema} as schema, ${name} as name where exists (select from ${sql.identifier([schema, name])})`,
  );
  const filled = await database.any(TableName, sql.join(probes, sql` union all `));
  if (filled.length === 0) return;
  const names = filled.map(({ schema, name }) => sql.identifier([schema, name]));
  await database.execute(sql`truncate ${sql.join(names, sql`, `)} cascade`);
}
