import pg from "pg";
import { arrayElementTypes, scalarParsers, splitArray } from "../parse-values.ts";

/** Reads an array as texts, then each element by its own reader. */
function arrayParser(elementType: number): (text: string) => unknown {
  const parse = scalarParsers[elementType] ?? ((text: string) => text);
  const each = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(each);
    return typeof value === "string" ? parse(value) : value;
  };
  return (text) => splitArray(text).map(each);
}

const parsers = new Map<number, (text: string) => unknown>([
  ...Object.entries(scalarParsers).map(([type, parse]) => [Number(type), parse] as const),
  ...Object.entries(arrayElementTypes).map(
    ([type, element]) => [Number(type), arrayParser(element)] as const,
  ),
]);

/** How values are read from Postgres: as from PGlite. */
export const postgresTypes: pg.CustomTypesConfig = {
  getTypeParser(type: number, format?: "text" | "binary"): unknown {
    const own = format === "binary" ? undefined : parsers.get(type);
    const fallback: unknown = pg.types.getTypeParser(type, format ?? "text");
    return own ?? fallback;
  },
};
