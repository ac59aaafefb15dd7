import type { PgPool } from "bullmq";

/** The part of the store that a queue needs; the Database of src/database has it. */
export interface QueueStore {
  readonly kind: "pglite" | "postgres";
  queuePool(): PgPool;
}
