import type { FlowProducer, IQueueBackend, Queue, QueueEvents, Worker } from "bullmq";

/** A queue on whichever backend; jobs are added with `addJob`. */
export type JobQueue<D, R> = Queue<D, R, string, D, R, string, IQueueBackend, unknown>;
export type JobWorker<D, R> = Worker<
  D,
  R,
  string,
  IQueueBackend,
  object | number | string | boolean,
  unknown
>;
export type JobEvents<R> = QueueEvents<R, IQueueBackend, unknown>;
export type JobFlow = FlowProducer<IQueueBackend, unknown>;
