import fc from "fast-check";
import { expect, test } from "vitest";
import {
  customPrefix,
  makeId,
  tailOf,
  tailText,
  toId18,
} from "../../../../src/emulator/salesforce/engine/ids.ts";
import { computedAccessor } from "../../../../src/emulator/salesforce/engine/read-field.ts";
import { integer } from "../../../../src/emulator/salesforce/engine/schema/fields.ts";
import { sortRows } from "../../../../src/emulator/salesforce/engine/soql/sort-rows.ts";
import { HeadTable, IdColumn, TextColumn } from "../../../../src/emulator/salesforce/engine/store/columns.ts";
import { IdIndex } from "../../../../src/emulator/salesforce/engine/store/row-index.ts";
import { formatDay, parseDay, parseInstant } from "../../../../src/emulator/salesforce/engine/values.ts";

test("the checksum of an id is the vendor's", () => {
  // The well-known pair of the documentation: 15 characters and their 18-character form.
  expect(toId18("001D000000IRFma")).toBe("001D000000IRFmaIAH");
  expect(toId18("001D000000IRFmaIAH")).toBe("001D000000IRFmaIAH");
  expect(toId18("too short")).toBeUndefined();
  expect(customPrefix(0)).toBe("a00");
  expect(customPrefix(37)).toBe("a11");
});

test("any id survives the column, and its number keeps its order", () => {
  const digit = fc.constantFrom(
    ...Array.from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
  );
  const ids = fc.string({ unit: digit, minLength: 15, maxLength: 15 });
  fc.assert(
    fc.property(ids, ids, (left, right) => {
      const column = new IdColumn(new HeadTable());
      const id = toId18(left) ?? "";
      column.setRaw(3, id);
      expect(column.text(3)).toBe(id);
      expect(column.text(2)).toBeNull();
      expect(tailText(tailOf(left))).toBe(left.slice(7, 15));
      expect(tailOf(left) < tailOf(right)).toBe(left.slice(7) < right.slice(7));
    }),
  );
});

test("the id index agrees with a plain map through adds and removes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ row: fc.nat(300), key: fc.nat(40), isAdd: fc.boolean() }), { maxLength: 400 }),
      (steps) => {
        const column = new IdColumn(new HeadTable());
        const index = new IdIndex(column);
        const model = new Map<number, string>();
        for (const { row, key, isAdd } of steps) {
          if (model.has(row)) index.remove(row);
          model.delete(row);
          column.setRaw(row, isAdd ? makeId(key % 2 === 0 ? "00Q" : "003", key >> 1) : null);
          if (!isAdd) continue;
          index.add(row);
          model.set(row, column.text(row) ?? "");
        }
        for (let key = 0; key < 40; key++) {
          const id = makeId(key % 2 === 0 ? "00Q" : "003", key >> 1);
          const expected = [...model].filter(([, other]) => other === id).map(([row]) => row);
          expect(index.rowsOf(id).toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("a text column keeps its values when it stops being a dictionary", () => {
  const column = new TextColumn();
  for (let row = 0; row < 20_000; row++) column.setRaw(row, row % 7 === 0 ? null : `value ${row}`);
  expect(column.isDictionary()).toBe(false);
  expect([column.text(0), column.text(1), column.text(19_998), column.text(20_000)]).toEqual([
    null,
    "value 1",
    "value 19998",
    null,
  ]);
  const repeated = new TextColumn();
  for (let row = 0; row < 20_000; row++) repeated.setRaw(row, `value ${row % 100}`);
  expect([repeated.isDictionary(), repeated.text(19_999)]).toEqual([true, "value 99"]);
});

test("the first n of an order are the first n of the whole sort, ties in stored order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { maxLength: 60 }),
      fc.nat(10),
      fc.boolean(),
      (values, wanted, areNullsLast) => {
        const rows = values.map((_, index) => index);
        const key = {
          accessor: computedAccessor(integer("n"), (row) => values[row] ?? null),
          isDescending: true,
          areNullsLast,
        };
        const whole = sortRows(rows, [key], rows.length);
        expect(sortRows(rows, [key], wanted)).toEqual(whole.slice(0, wanted));
        const plain = rows.toSorted((a, b) => {
          const [left, right] = [values[a] ?? null, values[b] ?? null];
          if (left === right) return a - b;
          if (left === null || right === null) return (left === null) === areNullsLast ? 1 : -1;
          return right - left;
        });
        expect(whole).toEqual(plain);
      },
    ),
  );
});

test.each([
  ["2026-06-03T08:00:00Z", "2026-06-03T08:00:00.000Z"],
  ["2026-06-03T08:00:00.987Z", "2026-06-03T08:00:00.000Z"],
  ["2026-06-03T08:00:00.000+0000", "2026-06-03T08:00:00.000Z"],
  ["2026-06-03T10:00:00+02:00", "2026-06-03T08:00:00.000Z"],
  ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
])("the instant %s is read as %s", (text, expected) => {
  expect(new Date(parseInstant(text) ?? 0).toISOString()).toBe(expected);
});

test("dates and instants that no calendar has are refused", () => {
  expect([
    parseInstant("2026-02-30T00:00:00Z"),
    parseInstant("2026-06-03T24:00:00Z"),
    parseInstant("2026-06-03"),
  ]).toEqual([undefined, undefined, undefined]);
  expect([parseDay("2026-02-29"), parseDay("2026-2-1")]).toEqual([undefined, undefined]);
  expect(formatDay(parseDay("1969-12-31") ?? 0)).toBe("1969-12-31");
});
