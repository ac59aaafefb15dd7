import { RipelineError } from "../core/errors.ts";

/** What we keep of a Postgres error: nothing that can hold a value from a row. */
export interface PgErrorFields {
  readonly message: string;
  /** SQLSTATE. */
  readonly code: string | undefined;
  readonly severity: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  /** For COPY: the line of the block that was refused, counted from 1, and its column. */
  readonly line: number | undefined;
  /** Only where BullMQ puts a number of its own there (BM001). */
  readonly detail: string | undefined;
}

function textOf(error: object, key: string): string | undefined {
  const value: unknown = Reflect.get(error, key);
  return typeof value === "string" ? value : undefined;
}

/**
 * A Postgres error without people's data. `params`, `query`, `detail` and `where` go: they repeat what was being stored.
 * So does quoted text in the message of a data exception (class 22: `invalid input syntax for type date: "..."`).
 * `detail` stays for BM001 alone, where BullMQ's functions put the number of one of its errors and nothing else.
 */
export function scrubPgError(error: unknown): PgErrorFields {
  const source = error instanceof Error ? error : new Error(String(error));
  const code = textOf(source, "code");
  const detail = textOf(source, "detail");
  const copyPlace = /^COPY \S+, line (\d+)(?:, column ("[^"]+"|\w+))?/.exec(textOf(source, "where") ?? "");
  return {
    message: code?.startsWith("22") ? source.message.replace(/".*"/s, '"..."') : source.message,
    code,
    severity: textOf(source, "severity"),
    schema: textOf(source, "schema"),
    table: textOf(source, "table"),
    column: textOf(source, "column") ?? copyPlace?.[2],
    constraint: textOf(source, "constraint"),
    line: copyPlace?.[1] === undefined ? undefined : Number(copyPlace[1]),
    detail: code === "BM001" && detail !== undefined && /^-?\d+$/.test(detail) ? detail : undefined,
  };
}

/** A Postgres error as the queue library expects it (`code`, and `detail` where it is a number), without data. */
export class ScrubbedPgError extends Error {
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly severity: string | undefined;
  readonly constraint: string | undefined;
  readonly fields: PgErrorFields;
  constructor(fields: PgErrorFields) {
    super(fields.message);
    this.name = "ScrubbedPgError";
    this.fields = fields;
    this.code = fields.code;
    this.detail = fields.detail;
    this.severity = fields.severity;
    this.constraint = fields.constraint;
  }
}

/** A statement failed in the store. `sqlState` and the names tell where; no value of a row is in it. */
export class StatementError extends RipelineError {
  readonly code = "STATEMENT";
  readonly retryable: boolean;
  readonly sqlState: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  constructor(fields: PgErrorFields) {
    const places: readonly (readonly [string, string | number | undefined])[] = [
      ["SQLSTATE", fields.code],
      ["table", fields.table],
      ["line", fields.line],
      ["column", fields.column],
      ["constraint", fields.constraint],
    ];
    const known = places.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
    super(
      `The store refused a statement: ${fields.message}${known.length > 0 ? ` (${known.join(", ")})` : ""}`,
    );
    this.sqlState = fields.code;
    this.schema = fields.schema;
    this.table = fields.table;
    this.column = fields.column;
    this.constraint = fields.constraint;
    this.retryable = isPassing(fields.code);
  }
}

/** Lost connections, deadlocks and lock waits, a server that is starting, stopping or full. */
function isPassing(sqlState: string | undefined): boolean {
  return sqlState !== undefined && /^(08|40|53|55P03|57P0|ECONN|EPIPE|ETIMEDOUT)/.test(sqlState);
}

/** The statement was stopped by `interrupt`, or the store's thread or connection ended under it. */
export class StatementInterruptedError extends RipelineError {
  readonly code = "STATEMENT_INTERRUPTED";
  readonly retryable = true;
}

/** The store was closed, or was in memory and lost. */
export class StoreClosedError extends RipelineError {
  readonly code = "STORE_CLOSED";
  readonly retryable = false;
}

/** A query gave another number of rows than its caller can be right with. */
export class RowCountError extends RipelineError {
  readonly code = "ROW_COUNT";
  readonly retryable = false;
}

/** A row is not of the shape the code expects: a bug, or a schema that was changed by hand. */
export class RowShapeError extends RipelineError {
  readonly code = "ROW_SHAPE";
  readonly retryable = false;
}

/** The header row of a CSV is not the expected one. */
export class CsvHeaderError extends RipelineError {
  readonly code = "CSV_HEADER";
  readonly retryable = false;
}

/** A call on the Database from inside one of its own transactions; or on a transaction that has ended. A bug. */
export class TransactionScopeError extends RipelineError {
  readonly code = "TRANSACTION_SCOPE";
  readonly retryable = false;
}
