import { AsyncLocalStorage } from "node:async_hooks";
import { TransactionScopeError } from "./errors.ts";

/**
 * Knows whether the running code is inside a transaction of one database. On PGlite a call on the Database from there
 * would wait for ever, on Postgres it would silently run outside the transaction; both are refused alike.
 */
export interface TransactionScope {
  /** Runs `work` as the inside of a transaction. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** @throws TransactionScopeError inside a transaction. */
  refuseInside(): void;
}

export function createTransactionScope(): TransactionScope {
  const storage = new AsyncLocalStorage<{ open: boolean }>();
  return {
    run(work) {
      const scope = { open: true };
      return storage.run(scope, async () => {
        try {
          return await work();
        } finally {
          scope.open = false;
        }
      });
    },
    refuseInside() {
      if (storage.getStore()?.open === true) {
        throw new TransactionScopeError(
          "A call on the database was made inside one of its transactions. Use the transaction that was handed in, or make the call after it.",
        );
      }
    },
  };
}
