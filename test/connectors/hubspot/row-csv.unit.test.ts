import { describe, expect, it } from "vitest";
import { rowsToCsv } from "../../../connectors/hubspot/row-csv.ts";
import { WireShapeError } from "../../../src/core/errors.ts";
import type { ColumnType } from "../../../src/core/ports.ts";

function cell(type: ColumnType, value: string | null): string {
  const fields = [{ name: "hs_one", type, need: "required" as const }];
  return new TextDecoder()
    .decode(rowsToCsv([{ hs_one: value }], fields, "hubspot.deals"))
    .slice("hs_one\n".length);
}

describe("a value on its way into the store", () => {
  it.each<[ColumnType, string | null, string]>([
    ["text", 'a, "b"\r\nc', '"a, ""b""\r\nc"\n'],
    ["text", "a\0b", "ab\n"],
    ["text", null, "\n"],
    ["numeric", "1500.50", "1500.50\n"],
    ["numeric", "1.5E7", "1.5E7\n"],
    ["numeric", "", "\n"],
    ["boolean", "true", "true\n"],
    ["timestamptz", "2026-10-01T00:00:00Z", "2026-10-01T00:00:00.000Z\n"],
    // 2026-10-01T00:00:00Z is 1,790,812,800 seconds after 1970.
    ["timestamptz", "1790812800000", "2026-10-01T00:00:00.000Z\n"],
    ["date", "1790812800000", "2026-10-01\n"],
    ["date", "2026-10-01", "2026-10-01\n"],
  ])("%s %j is kept as %j", (type, value, kept) => {
    expect(cell(type, value)).toBe(kept);
  });

  it.each<[ColumnType, string]>([
    ["numeric", "ada@example.com"],
    ["integer", "many"],
    ["boolean", "yes"],
    ["timestamptz", "tomorrow"],
    ["date", "12"],
  ])("of type %s that it cannot be is refused by the property's name alone", (type, value) => {
    expect(() => cell(type, value)).toThrow(WireShapeError);
    expect(() => cell(type, value)).toThrow(/hubspot\.deals: a value of hs_one is no/);
    expect(() => cell(type, value)).not.toThrow(new RegExp(value));
  });
});
