import type { z } from "zod";
import type { SqlText } from "./load-sql.ts";
import type { QueuePool } from "./queue-pool.ts";
import type { Sql } from "./sql.ts";

/**
 * What rows look like, on both stores alike: text, uuid, interval and the like are strings; `numeric` is a string (money
 * is never a float); `date` and `timestamp` are strings as Postgres prints them; `timestamptz` is a Date; smallint,
 * integer, real, double precision and bigint are numbers (a bigint beyond 2^53 is a bigint); json and jsonb are parsed;
 * bytea is a Uint8Array; arrays are arrays of these. The session's time zone is UTC.
 */
export interface Queries {
  /** All rows, each checked against `schema`. */
  any<T>(schema: z.ZodType<T>, query: Sql): Promise<readonly T[]>;
  /** @throws RowCountError unless there is exactly one row. */
  one<T>(schema: z.ZodType<T>, query: Sql): Promise<T>;
  /** @throws RowCountError when there is more than one row. */
  maybeOne<T>(schema: z.ZodType<T>, query: Sql): Promise<T | undefined>;
  /** Runs a statement; `rowCount` is the number of rows it changed or returned. */
  execute(query: Sql): Promise<{ readonly rowCount: number }>;
  /**
   * Loads CSV into a table: one header row, then records (RFC 4180, LF or CRLF, line breaks inside quotes allowed).
   * A page of a longer download has its own header and is a call of its own.
   * On PGlite the store is held while the bytes of a block arrive: give it bytes that have arrived, or call it on the
   * Database, not in a transaction, when they come from a slow network.
   */
  copyCsv(target: CopyTarget, bytes: AsyncIterable<Uint8Array>): Promise<{ readonly rows: number }>;
}

/** Where CSV goes. All names come from constants of ours. */
export interface CopyTarget {
  readonly schema: string;
  readonly table: string;
  /** The table's columns, in the order of the CSV's fields. */
  readonly columns: readonly string[];
  /** The names expected in the header row; @throws CsvHeaderError when others stand there. Not looked at when absent. */
  readonly header?: readonly string[];
  /** What `""` means: null (the default; Salesforce writes it so) or an empty text. A field without quotes is null. */
  readonly quotedEmpty?: "null" | "empty_text";
}

/** Queries that all succeed or all do nothing. Unusable once the work it was given to has ended. */
export interface Transaction extends Queries {
  /** Runs several statements of a trusted file, without values. */
  executeScript(script: SqlText): Promise<void>;
}

/** The store. PGlite has one session: its transactions run one after another, and so do all statements. */
export interface Database extends Queries {
  readonly kind: "pglite" | "postgres";
  /**
   * Runs `work` in a transaction: committed when it ends, rolled back when it throws. Inside, use only the Transaction:
   * a call on the Database from within would wait for itself, and throws TransactionScopeError instead.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * All of one call's rows, or none, as in a transaction of its own; on PGlite bytes are gathered before the store is
   * held, in memory up to 32 MB and then in a temporary file.
   */
  copyCsv(target: CopyTarget, bytes: AsyncIterable<Uint8Array>): Promise<{ readonly rows: number }>;
  /** The connections the job queue uses: made on the first call, closed with the database. */
  queuePool(): QueuePool;
  /**
   * Stops what the store is doing now: statements under way end with StatementInterruptedError. On Postgres they are
   * cancelled; PGlite cannot cancel one, so its thread is ended and the next statement starts a new one on the same
   * folder (a store in memory is lost and says so).
   */
  interrupt(): Promise<void>;
  close(): Promise<void>;
}
