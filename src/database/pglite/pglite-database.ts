import { copyStatement } from "../copy-statement.ts";
import { checkHeader, readCsv } from "../csv-blocks.ts";
import type { CopyTarget, Database, Transaction } from "../database.ts";
import { ScrubbedPgError, StatementError, TransactionScopeError } from "../errors.ts";
import { FifoLock } from "../fifo-lock.ts";
import { queryMethods } from "../query-methods.ts";
import type { QueuePool } from "../queue-pool.ts";
import { spool } from "../spool.ts";
import { swallowedError } from "../swallowed-error.ts";
import { createTransactionScope } from "../transaction-scope.ts";
import { createPgliteQueuePool } from "./pglite-queue-pool.ts";
import { type PgliteLocation, PgliteSession } from "./pglite-session.ts";
import type { ThreadResult } from "./thread-messages.ts";

const copyBlockBytes = 4 * 1024 * 1024;
const spoolMemoryBytes = 32 * 1024 * 1024;

/** A PGlite store. `dump` gives its content, to open another store from. */
export interface PgliteDatabase extends Database {
  readonly kind: "pglite";
  dump(): Promise<Uint8Array>;
}

async function typed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ScrubbedPgError)) throw error;
    throw new StatementError(error.fields);
  }
}

/** Statements of one transaction: they all belong to the session it began in, and end with it. */
function transactionOn(
  session: PgliteSession,
  epoch: number,
): { readonly tx: Transaction; readonly end: () => void } {
  let open = true;
  const guard = <T>(work: () => Promise<T>): Promise<T> => {
    if (open) return typed(work());
    return Promise.reject(
      new TransactionScopeError("A statement was given to a transaction that has ended."),
    );
  };
  const tx: Transaction = {
    ...queryMethods((statement) => guard(() => session.query(statement.text, statement.values, epoch))),
    async copyCsv(target, bytes) {
      const body = await readCsv(bytes, copyBlockBytes);
      checkHeader(body.header, target.header);
      let rows = 0;
      for await (const block of body.blocks) {
        const copied = await guard(() => session.copy(copyStatement(target, "'/dev/blob'"), block, epoch));
        rows += copied.rowCount;
      }
      return { rows };
    },
    async executeScript(script) {
      await guard(() => session.script(script.text, epoch));
    },
  };
  return {
    tx,
    end() {
      open = false;
    },
  };
}

/** Opens PGlite in a thread of its own. Whoever opens a folder must own it (see owner-socket). */
export async function openPgliteDatabase(location: PgliteLocation): Promise<PgliteDatabase> {
  const session = await PgliteSession.open(location);
  const lock = new FifoLock();
  const scope = createTransactionScope();
  let pool: QueuePool | undefined;

  const alone = (work: () => Promise<ThreadResult>) => {
    scope.refuseInside();
    return lock.run(() => typed(work()));
  };

  async function transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    scope.refuseInside();
    return lock.run(async () => {
      await typed(session.script("begin"));
      const epoch = session.epoch;
      const { tx, end } = transactionOn(session, epoch);
      let result: T;
      try {
        result = await scope.run(() => work(tx));
      } catch (error) {
        end();
        // The first error is the one to report; a rollback fails only where the session is gone, and its work with it.
        await session.script("rollback", epoch).catch(() => undefined);
        throw error;
      }
      end();
      const committed = await typed(session.query("commit", [], epoch));
      if (committed.command === "ROLLBACK") throw swallowedError();
      return result;
    });
  }

  return {
    kind: "pglite",
    ...queryMethods((statement) => alone(() => session.query(statement.text, statement.values))),
    transaction,
    async copyCsv(target: CopyTarget, bytes: AsyncIterable<Uint8Array>) {
      scope.refuseInside();
      const arrived = await spool(bytes, spoolMemoryBytes);
      try {
        return await transaction((tx) => tx.copyCsv(target, arrived.bytes));
      } finally {
        await arrived.discard();
      }
    },
    queuePool() {
      pool ??= createPgliteQueuePool({ session, lock, scope });
      return pool;
    },
    interrupt: () => session.interrupt(),
    dump: () => lock.run(() => session.dump()),
    async close() {
      await pool?.end();
      await lock.run(() => session.close());
    },
  };
}
