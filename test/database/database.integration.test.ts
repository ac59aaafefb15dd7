import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { CopyTarget, Database } from "../../src/database/database.ts";
import {
  CsvHeaderError,
  RowCountError,
  RowShapeError,
  StatementError,
  TransactionScopeError,
} from "../../src/database/errors.ts";
import { sql } from "../../src/database/sql.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

const Count = z.object({ count: z.number() });
const target: CopyTarget = { schema: "staging", table: "person", columns: ["id", "name", "born_on"] };

let store: TestDatabase;
let database: Database;

beforeAll(async () => {
  store = await openTestDatabase();
  database = store.database;
  await database.execute(
    sql`create table staging.person (id integer primary key, name text, born_on date, note text not null default 'none')`,
  );
});
beforeEach(() => store.empty());
afterAll(() => store.close());

function count(): Promise<{ count: number }> {
  return database.one(Count, sql`select count(*) as count from staging.person`);
}

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, "utf8");
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("queries", () => {
  test("a value is bound, whatever is in it", async () => {
    const nasty = `'); drop table staging.person; -- "\\ $1`;
    const row = await database.one(z.object({ text: z.string() }), sql`select ${nasty}::text as text`);
    expect(row.text).toBe(nasty);
  });

  test("values come back alike from both stores", async () => {
    const Row = z.object({
      money: z.string(),
      ratio: z.number(),
      big: z.number(),
      huge: z.bigint(),
      at: z.date(),
      on: z.string(),
      yes: z.boolean(),
      bytes: z.instanceof(Uint8Array),
      list: z.array(z.string().nullable()),
      instants: z.array(z.date()),
      sums: z.array(z.string()),
      doc: z.object({ a: z.array(z.number()) }),
      span: z.string(),
      none: z.null(),
    });
    const row = await database.one(
      Row,
      sql`select ${"12345678901234567890.10"}::numeric as money, ${0.1}::float8 as ratio, ${7}::bigint as big,
                 ${9007199254740993n}::bigint as huge, ${new Date("2026-03-01T10:00:00.123Z")}::timestamptz as at,
                 ${"2026-03-01"}::date as on, ${true}::boolean as yes, ${new Uint8Array([0, 255])}::bytea as bytes,
                 ${["a,b", 'c"d\\', null, ""]}::text[] as list, ${[new Date(0)]}::timestamptz[] as instants,
                 ${["0.10"]}::numeric[] as sums, ${sql.json({ a: [1] })}::jsonb as doc,
                 interval '1 day 2 hours' as span, ${null}::text as none`,
    );
    expect(row).toEqual({
      money: "12345678901234567890.10",
      ratio: 0.1,
      big: 7,
      huge: 9007199254740993n,
      at: new Date("2026-03-01T10:00:00.123Z"),
      on: "2026-03-01",
      yes: true,
      bytes: row.bytes,
      list: ["a,b", 'c"d\\', null, ""],
      instants: [new Date(0)],
      sums: ["0.10"],
      doc: { a: [1] },
      span: "1 day 02:00:00",
      none: null,
    });
    expect([...row.bytes]).toEqual([0, 255]);
  });

  test("one() refuses none and two rows, maybeOne() refuses two", async () => {
    const rows = (n: number) => sql`select n as count from generate_series(1, ${n}::int) as n`;
    await expect(database.one(Count, rows(0))).rejects.toThrow(RowCountError);
    await expect(database.one(Count, rows(2))).rejects.toThrow("must give exactly one row and gave 2");
    await expect(database.maybeOne(Count, rows(2))).rejects.toThrow(RowCountError);
    expect(await database.maybeOne(Count, rows(0))).toBeUndefined();
  });

  test("a row of another shape is an error that names the column and not the value", async () => {
    const failure = database.any(Count, sql`select ${"secret-value"}::text as count`);
    await expect(failure).rejects.toThrow(RowShapeError);
    await expect(failure).rejects.toThrow("count (invalid_type)");
    await expect(failure).rejects.not.toThrow("secret-value");
  });

  test("an unqualified table is not found", async () => {
    await expect(database.execute(sql`select * from person`)).rejects.toMatchObject({ sqlState: "42P01" });
  });

  test("a constraint that fails is named, and the row's values are not", async () => {
    await database.execute(sql`insert into staging.person (id, name) values (1, 'Ada')`);
    const failure = await database
      .execute(sql`insert into staging.person (id, name) values (1, ${"ada@example.com"})`)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StatementError);
    expect(failure).toMatchObject({ sqlState: "23505", table: "person", constraint: "person_pkey" });
    expect(JSON.stringify([failure, String(failure), Object.values(Object(failure))])).not.toMatch(
      /ada@|\(1\)/,
    );
  });

  test("a value of the wrong kind is not repeated in the error", async () => {
    const failure = database.execute(sql`select ${"ada@example.com"}::date`);
    await expect(failure).rejects.toThrow('invalid input syntax for type date: "..."');
  });
});

describe("transactions", () => {
  test("work that throws leaves nothing behind", async () => {
    const failure = database.transaction(async (tx) => {
      await tx.execute(sql`insert into staging.person (id) values (1)`);
      throw new Error("no");
    });
    await expect(failure).rejects.toThrow("no");
    expect(await count()).toEqual({ count: 0 });
  });

  test("work that ends is kept, and its result handed on", async () => {
    const result = await database.transaction(async (tx) => {
      await tx.execute(sql`insert into staging.person (id) values (1)`);
      return "done";
    });
    expect([result, await count()]).toEqual(["done", { count: 1 }]);
  });

  test("a failed statement whose error was swallowed is reported at the end", async () => {
    const failure = database.transaction(async (tx) => {
      await tx.execute(sql`insert into staging.person (id) values (1)`);
      await tx.execute(sql`select 1/0`).catch(() => undefined);
    });
    await expect(failure).rejects.toThrow("was rolled back at its end");
    expect(await count()).toEqual({ count: 0 });
  });

  test("a call on the database from inside is refused instead of waiting for itself", async () => {
    const failure = database.transaction(() => database.execute(sql`select 1`));
    await expect(failure).rejects.toThrow(TransactionScopeError);
  });

  test("a transaction that has ended takes no more statements", async () => {
    const tx = await database.transaction((inner) => Promise.resolve({ inner }));
    await expect(tx.inner.execute(sql`select 1`)).rejects.toThrow(TransactionScopeError);
  });

  test("transactions at the same time do not mix", async () => {
    await Promise.allSettled(
      Array.from({ length: 10 }, (_, id) =>
        database.transaction(async (tx) => {
          await tx.execute(sql`insert into staging.person (id) values (${id})`);
          if (id % 2 === 1) throw new Error("odd");
        }),
      ),
    );
    expect(await count()).toEqual({ count: 5 });
  });
});

describe("copyCsv", () => {
  // 2,000 records with line breaks, quotes and commas inside quotes
  const csvWith = (end: string) =>
    `Id,Name,Born${end}${Array.from(
      { length: 2000 },
      (_, id) => `${id},"O""Neil, ${id}\nline ""two""\r\nüñ",2020-01-0${(id % 9) + 1}${end}`,
    ).join("")}`;
  const csv = csvWith("\n");

  test.each([
    [1, "\n"],
    [7, "\r\n"],
    [4096, "\n"],
    [1_000_000, "\r\n"],
  ])("bytes that arrive %i at a time with line end %j give the same rows", async (size, end) => {
    expect(await database.copyCsv(target, pieces(csvWith(end), size))).toEqual({ rows: 2000 });
    const row = await database.one(
      z.object({ name: z.string(), born_on: z.string(), note: z.string() }),
      sql`select name, born_on, note from staging.person where id = 1234`,
    );
    // 1234 % 9 = 1, so the second of January
    expect(row).toEqual({ name: 'O"Neil, 1234\nline "two"\r\nüñ', born_on: "2020-01-02", note: "none" });
  });

  test("blocks of COPY end where records end, even when a block is full inside quotes", async () => {
    // 9 MB in one piece: more than two of PGlite's blocks of 4 MB
    const long = "x\n".repeat(500);
    const big = `Id,Name,Born\n${Array.from({ length: 9000 }, (_, id) => `${id},"${long}",\n`).join("")}`;
    expect(await database.copyCsv(target, pieces(big, 65_536))).toEqual({ rows: 9000 });
    const lengths = await database.any(
      z.object({ length: z.number() }),
      sql`select distinct length(name) as length from staging.person`,
    );
    expect(lengths).toEqual([{ length: 1000 }]);
  });

  test("an empty field is null, with quotes or without, unless the target says otherwise", async () => {
    await database.copyCsv(target, pieces('Id,Name,Born\n1,"",\n2,,""\n', 100));
    await database.copyCsv(
      { ...target, columns: ["id", "name"], quotedEmpty: "empty_text" },
      pieces('Id,Name\n3,""\n4,\n', 100),
    );
    const names = await database.any(
      z.object({ name: z.string().nullable() }),
      sql`select name from staging.person order by id`,
    );
    expect(names.map(({ name }) => name)).toEqual([null, null, "", null]);
  });

  test("a page without records loads none, and the last record needs no line end", async () => {
    expect(await database.copyCsv(target, pieces("Id,Name,Born\n", 3))).toEqual({ rows: 0 });
    expect(await database.copyCsv(target, pieces("", 3))).toEqual({ rows: 0 });
    expect(await database.copyCsv(target, pieces("Id,Name,Born\n1,a,", 3))).toEqual({ rows: 1 });
  });

  test("a header with other names is refused before a row is stored", async () => {
    const strict = { ...target, header: ["Id", "Name", "Born"] };
    expect(await database.copyCsv(strict, pieces('"Id","Name","Born"\r\n1,a,\n', 100))).toEqual({ rows: 1 });
    const failure = database.copyCsv(strict, pieces("Id,Born,Name\n2,a,\n", 100));
    await expect(failure).rejects.toThrow(CsvHeaderError);
    await expect(failure).rejects.toThrow("column 2 is Born, expected Name");
    expect(await count()).toEqual({ count: 1 });
  });

  test("one bad record keeps the whole call out and is named by line and column, not by value", async () => {
    const failure = await database
      .copyCsv(target, pieces("Id,Name,Born\n1,a,2020-01-01\n2,ada@example.com,never\n", 10))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ sqlState: "22007", column: "born_on" });
    expect(String(failure)).toContain("line 2");
    expect(String(failure)).not.toContain("ada@");
    expect(String(failure)).not.toContain("never");
    expect(await count()).toEqual({ count: 0 });
  });

  test("a download that breaks off keeps the whole call out", async () => {
    const reset = new Error("connection reset");
    async function* broken() {
      yield* pieces(csv, 4096);
      throw reset;
    }
    await expect(database.copyCsv(target, broken())).rejects.toBe(reset);
    await expect(database.transaction((tx) => tx.copyCsv(target, broken()))).rejects.toBe(reset);
    expect(await count()).toEqual({ count: 0 });
  });

  test("a page beyond the memory limit goes through a file and arrives whole", async () => {
    async function* page() {
      yield* pieces("Id,Name,Born\n", 100);
      // 40 records of 1 MB each
      for (let id = 0; id < 40; id += 1) yield Buffer.from(`${id},${"x".repeat(1_000_000)},\n`);
    }
    expect(await database.copyCsv(target, page())).toEqual({ rows: 40 });
  });
});
