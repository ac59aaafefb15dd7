import type { EventEmitter } from "node:events";

/**
 * What a statement of the job queue gives back. Neither driver knows the type of a row; `never` says so and lets the
 * queue library name it.
 */
export interface QueueResult {
  readonly rows: never[];
  readonly rowCount: number | null;
}

/** A message sent by NOTIFY. */
export interface QueueNotification {
  readonly channel: string;
  readonly payload: string;
}

/** Takes any listener, as Node's emitters do; who listens knows what its event carries. */
export type QueueListener = Parameters<EventEmitter["on"]>[1];

/** One connection of the job queue; the shape of a pg.PoolClient, as far as BullMQ uses it. */
export interface QueueClient {
  query(text: string, params?: readonly unknown[]): Promise<QueueResult>;
  on(event: string, listener: QueueListener): this;
  removeListener(event: string, listener: QueueListener): this;
  removeAllListeners(event?: string): this;
  release(destroy?: boolean): void;
}

/** The connections of the job queue; the shape of a pg.Pool, as far as BullMQ uses it. Its errors carry no data. */
export interface QueuePool {
  /** BullMQ waits longer between two looks when a lost connection is noticed by itself. */
  readonly options: { readonly keepAlive: boolean };
  query(text: string, params?: readonly unknown[]): Promise<QueueResult>;
  connect(): Promise<QueueClient>;
  on(event: string, listener: QueueListener): this;
  removeAllListeners(event?: string): this;
  end(): Promise<void>;
}
