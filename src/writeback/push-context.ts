import type { Connection } from "../core/ports.ts";
import type { Database } from "../database/database.ts";

/** Where a push tells what it did: one line an object, ids and counts only. A pino logger fits. */
export interface PushLog {
  info(facts: Readonly<Record<string, unknown>>, message: string): void;
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
}

export interface PushContext {
  readonly db: Database;
  readonly connection: Connection;
  readonly log: PushLog;
}
