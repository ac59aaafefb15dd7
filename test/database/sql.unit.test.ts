import { expect, test } from "vitest";
import { bindText, sql, toStatement } from "../../src/database/sql.ts";

test("values are numbered in the order in which they stand, through pieces in pieces", () => {
  const where = sql`where a = ${1} and b = any(${["x", null]}::text[])`;
  const query = sql`select ${sql.identifier(["mirror", 'odd"name'])}, ${true} from t ${where} limit ${10n}`;
  expect(toStatement(query)).toEqual({
    text: 'select "mirror"."odd""name", $1 from t where a = $2 and b = any($3::text[]) limit $4',
    values: ["true", "1", '{"x",NULL}', "10"],
  });
});

test("join puts a separator between pieces and gives nothing for none", () => {
  expect(toStatement(sql.join([sql`a = ${1}`, sql`b = ${2}`], sql` and `))).toEqual({
    text: "a = $1 and b = $2",
    values: ["1", "2"],
  });
  expect(toStatement(sql.join([], sql`, `))).toEqual({ text: "", values: [] });
});

test("a text that looks like SQL stays a value", () => {
  expect(toStatement(sql`select ${"1; drop table t"}`)).toEqual({
    text: "select $1",
    values: ["1; drop table t"],
  });
});

test("dates, bytes, quotes in arrays and json have Postgres' text form", () => {
  const query = sql`${new Date(0)} ${new Uint8Array([1, 255])} ${['a"b\\c']} ${sql.json({ a: 1 })} ${null}`;
  expect(toStatement(query).values).toEqual([
    "1970-01-01T00:00:00.000Z",
    "\\x01ff",
    '{"a\\"b\\\\c"}',
    '{"a":1}',
    null,
  ]);
});

test("json refuses what JSON cannot carry", () => {
  expect(() => sql.json(undefined)).toThrow(TypeError);
});

test("a file's $n stand for values, as often as they are used, and can be put into a larger statement", () => {
  const file = bindText("select $2::int, $1, '$1' as \"$2\" -- $3\nfrom t /* $4 */ where $$ $1 $$ <> $1", [
    "a",
    2,
  ]);
  expect(toStatement(sql`with f as (${file}) select ${"z"}`)).toEqual({
    text: "with f as (select $1::int, $2, '$1' as \"$2\" -- $3\nfrom t /* $4 */ where $$ $1 $$ <> $3) select $4",
    values: ["2", "a", "a", "z"],
  });
});

test("a file that uses more values than it was given is refused", () => {
  expect(() => bindText("select $1, $2", ["a"])).toThrow("uses $2, but only 1 values");
});
