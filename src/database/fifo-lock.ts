/** Gives up the lock; further calls do nothing. */
export type Release = () => void;

/** A lock that is handed on in the order in which it was asked for. */
export class FifoLock {
  #tail: Promise<void> = Promise.resolve();

  /** Waits for everyone who asked before, then holds the lock until the result is called. */
  async acquire(): Promise<Release> {
    const before = this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    await before;
    return resolve;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.acquire();
    try {
      return await work();
    } finally {
      release();
    }
  }
}
