/** Type numbers of Postgres (pg_type.oid) whose text we read ourselves, so that both stores give the same values. */
const int8 = 20;
const date = 1082;
const timestamp = 1114;
const timestamptz = 1184;
const interval = 1186;
const numeric = 1700;

function parseInt8(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** "2026-01-02 03:04:05.678901+00" to a Date; parts of a millisecond are cut off. */
function parseTimestamptz(text: string): Date | number {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  if (text === "-infinity") return Number.NEGATIVE_INFINITY;
  return new Date(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
}

const asText = (text: string): string => text;

/** One reader per scalar type. All other types are read alike by both drivers. */
export const scalarParsers: Readonly<Record<number, (text: string) => unknown>> = {
  [int8]: parseInt8,
  [date]: asText,
  [timestamp]: asText,
  [timestamptz]: parseTimestamptz,
  [interval]: asText,
  [numeric]: asText,
};

/** The array types of the same, as Postgres numbers them, with their element's type. */
export const arrayElementTypes: Readonly<Record<number, number>> = {
  1016: int8,
  1182: date,
  1115: timestamp,
  1185: timestamptz,
  1187: interval,
  1231: numeric,
};

/** An array as its texts: `{a,"b,c",NULL}`. Arrays in arrays are arrays of texts. */
export function splitArray(text: string): readonly unknown[] {
  const outer: unknown[] = [];
  const open = [outer];
  for (const [token, quoted, bracket, plain] of text.matchAll(/"((?:[^"\\]|\\.)*)"|([{}])|([^{},"]+)/gs)) {
    const current = open.at(-1) ?? outer;
    if (bracket === "{") {
      const inner: unknown[] = [];
      current.push(inner);
      open.push(inner);
    } else if (bracket === "}") open.pop();
    else if (quoted !== undefined) current.push(quoted.replace(/\\(.)/gs, "$1"));
    else current.push(plain === "NULL" ? null : token);
  }
  const [whole] = outer;
  return Array.isArray(whole) ? whole : [];
}
