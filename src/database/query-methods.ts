import type { z } from "zod";
import type { Queries } from "./database.ts";
import { RowCountError, RowShapeError } from "./errors.ts";
import { type Sql, type Statement, toStatement } from "./sql.ts";

/** Rows as a driver gives them, and how many the statement changed or returned. */
export interface RawResult {
  readonly rows: readonly unknown[];
  readonly rowCount: number;
}

/** The start of a statement, to name it in an error; statements hold no values. */
function nameOf(statement: Statement): string {
  const oneLine = statement.text
    .replace(/--[^\n]*/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return oneLine.length > 120 ? `${oneLine.slice(0, 120)}...` : oneLine;
}

function checkRows<T>(schema: z.ZodType<T>, rows: readonly unknown[], statement: Statement): readonly T[] {
  return rows.map((row) => {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".") || "row"} (${issue.code})`);
    throw new RowShapeError(
      `The store's answer to "${nameOf(statement)}" does not have the expected columns: ${wrong.join(", ")}. ` +
        "If the store's tables were changed by hand, undo that; otherwise please report it.",
    );
  });
}

/** The query methods of a Database or Transaction, given what runs one statement. */
export function queryMethods(
  run: (statement: Statement) => Promise<RawResult>,
): Pick<Queries, "any" | "one" | "maybeOne" | "execute"> {
  async function any<T>(schema: z.ZodType<T>, query: Sql): Promise<readonly T[]> {
    const statement = toStatement(query);
    return checkRows(schema, (await run(statement)).rows, statement);
  }
  async function maybeOne<T>(schema: z.ZodType<T>, query: Sql): Promise<T | undefined> {
    const rows = await any(schema, query);
    if (rows.length > 1) throw wrongCount(query, "at most one row", rows.length);
    return rows[0];
  }
  return {
    any,
    maybeOne,
    async one<T>(schema: z.ZodType<T>, query: Sql): Promise<T> {
      const rows = await any(schema, query);
      const [row] = rows;
      if (row === undefined || rows.length > 1) throw wrongCount(query, "exactly one row", rows.length);
      return row;
    },
    async execute(query) {
      return { rowCount: (await run(toStatement(query))).rowCount };
    },
  };
}

function wrongCount(query: Sql, expected: string, found: number): RowCountError {
  return new RowCountError(`"${nameOf(toStatement(query))}" must give ${expected} and gave ${found}.`);
}
