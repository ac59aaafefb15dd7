import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { bindText, type Sql, type SqlValue } from "./sql.ts";

/** A trusted `.sql` file. `bind` makes a statement of it; its $1, $2, ... stand for the values in that order. */
export interface SqlText {
  readonly name: string;
  readonly text: string;
  bind(...values: readonly SqlValue[]): Sql;
}

/**
 * Reads a `.sql` file that ships with this package: `loadSql(new URL("./models/staging/stg_lead.sql", import.meta.url))`.
 * One statement for `bind`; several for `Transaction.executeScript`.
 */
export function loadSql(url: URL): SqlText {
  const path = fileURLToPath(url);
  const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  return { name: basename(path), text, bind: (...values) => bindText(text, values) };
}
