import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { ConfigError, SchemaTooNewError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { StatementError } from "../../src/database/errors.ts";
import { migrate } from "../../src/database/migrate.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { sql } from "../../src/database/sql.ts";
import { createServerDatabase, migratedDump } from "../support/test-database.ts";

const Name = z.object({ name: z.string() });
let path: string;
let folder: URL;
let database: Database;
let second: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "ripeline-migrations-"));
  folder = pathToFileURL(`${path}/`);
  const server = process.env["TEST_DATABASE_URL"];
  if (server === undefined || server === "") {
    database = await openDatabase({ memory: true, from: await migratedDump() });
    second = database;
    drop = () => Promise.resolve();
  } else {
    const created = await createServerDatabase(server);
    database = await openDatabase({ url: created.url });
    second = await openDatabase({ url: created.url });
    drop = created.drop;
  }
});
beforeEach(async () => {
  await rm(path, { recursive: true });
  await mkdir(path);
  await database.execute(sql`drop schema if exists ripeline cascade`);
  await database.execute(sql`drop schema if exists garden cascade`);
  await write("0001-garden.sql", "create schema garden; create table garden.bed (id integer);");
});
afterAll(async () => {
  if (second !== database) await second.close();
  await database.close();
  await drop();
  await rm(path, { recursive: true });
});

function write(name: string, text: string): Promise<void> {
  return writeFile(join(path, name), text);
}

function tables(): Promise<readonly { name: string }[]> {
  return database.any(
    Name,
    sql`select table_name::text as name from information_schema.tables where table_schema = 'garden' order by 1`,
  );
}

test("migrations run once, in order, and later ones are added", async () => {
  expect(await migrate(database, { folder })).toEqual({ from: 0, to: 1, applied: ["0001-garden.sql"] });
  await write("0010-tree.sql", "create table garden.tree (id integer);");
  await write("0002-path.sql", "create table garden.path (id integer);");
  expect(await migrate(database, { folder })).toEqual({
    from: 1,
    to: 10,
    applied: ["0002-path.sql", "0010-tree.sql"],
  });
  expect(await migrate(database, { folder })).toEqual({ from: 10, to: 10, applied: [] });
  expect(await tables()).toEqual([{ name: "bed" }, { name: "path" }, { name: "tree" }]);
});

test("a migration that fails in its middle leaves nothing, and those before it stay", async () => {
  await write("0002-half.sql", "create table garden.half (id integer); select 1/0;");
  await expect(migrate(database, { folder })).rejects.toThrow(StatementError);
  expect(await tables()).toEqual([{ name: "bed" }]);
  await write("0002-half.sql", "create table garden.whole (id integer);");
  expect(await migrate(database, { folder })).toMatchObject({ applied: ["0002-half.sql"] });
});

test("a store migrated by a newer version is refused and not touched", async () => {
  await write("0007-later.sql", "create table garden.later (id integer);");
  await migrate(database, { folder });
  await rm(join(path, "0007-later.sql"));
  await write("0002-path.sql", "create table garden.path (id integer);");
  const failure = migrate(database, { folder });
  await expect(failure).rejects.toThrow(SchemaTooNewError);
  await expect(failure).rejects.toThrow(
    /version 7 \(0007-later.sql\).*knows versions up to 2.*Install the newer/,
  );
  expect(await tables()).toEqual([{ name: "bed" }, { name: "later" }]);
});

test("a migration that was changed after it had been applied is refused", async () => {
  await migrate(database, { folder });
  await write("0001-garden.sql", "create schema garden;");
  await expect(migrate(database, { folder })).rejects.toThrow("with another 0001-garden.sql");
});

test("line ends of the machine that checked the files out do not count as a change", async () => {
  await write("0001-garden.sql", "create schema garden;\ncreate table garden.bed (id integer);\n");
  await migrate(database, { folder });
  await write("0001-garden.sql", "create schema garden;\r\ncreate table garden.bed (id integer);\r\n");
  expect(await migrate(database, { folder })).toMatchObject({ applied: [] });
});

test("processes that migrate at once run each migration once", async () => {
  await write("0002-path.sql", "create table garden.path (id integer); insert into garden.path values (1);");
  const outcomes = await Promise.all(
    [database, second, database, second].map((one) => migrate(one, { folder })),
  );
  expect(outcomes.flatMap(({ applied }) => applied).toSorted()).toEqual(["0001-garden.sql", "0002-path.sql"]);
});

test("two migrations of one number are refused, and a name that says nothing", async () => {
  await write("0001-other.sql", "select 1;");
  await expect(migrate(database, { folder })).rejects.toThrow("have the same number");
  await rm(join(path, "0001-other.sql"));
  await write("2-x.sql", "select 1;");
  await expect(migrate(database, { folder })).rejects.toThrow(ConfigError);
});
