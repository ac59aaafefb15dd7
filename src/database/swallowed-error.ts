import { TransactionScopeError } from "./errors.ts";

/** A statement failed, the work went on as if it had not, and Postgres rolled everything back at the commit. */
export function swallowedError(): TransactionScopeError {
  return new TransactionScopeError(
    "A transaction was rolled back at its end because one of its statements had failed and the error was not passed on.",
  );
}
