import type { Database, Transaction } from "./database.ts";

/**
 * The same store for a piece of work that may be ended: once `signal` has aborted, each further statement throws its
 * reason, and a transaction that is open then is rolled back. What the statement under way does is `interrupt`'s affair.
 */
export function stoppable(database: Database, signal: AbortSignal): Database {
  const inTransaction = (tx: Transaction): Transaction => ({
    any: (schema, query) => allowed(() => tx.any(schema, query)),
    one: (schema, query) => allowed(() => tx.one(schema, query)),
    maybeOne: (schema, query) => allowed(() => tx.maybeOne(schema, query)),
    execute: (query) => allowed(() => tx.execute(query)),
    copyCsv: (target, bytes) => allowed(() => tx.copyCsv(target, bytes)),
    executeScript: (script) => allowed(() => tx.executeScript(script)),
  });
  async function allowed<T>(work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    return work();
  }
  return {
    ...database,
    any: (schema, query) => allowed(() => database.any(schema, query)),
    one: (schema, query) => allowed(() => database.one(schema, query)),
    maybeOne: (schema, query) => allowed(() => database.maybeOne(schema, query)),
    execute: (query) => allowed(() => database.execute(query)),
    copyCsv: (target, bytes) => allowed(() => database.copyCsv(target, bytes)),
    transaction: (work) =>
      allowed(() =>
        database.transaction(async (tx) => {
          const result = await work(inTransaction(tx));
          signal.throwIfAborted();
          return result;
        }),
      ),
  };
}
