import type { Writable } from "node:stream";
import cliProgress from "cli-progress";
import type { CycleProgress } from "../../core/cycle.ts";
import type { Clock } from "../../core/time.ts";
import { plainText } from "./fit-table.ts";

/** Shows how far a cycle is. */
export interface ProgressView {
  show(progress: CycleProgress): void;
  /** A line of its own, above the bars. */
  say(line: string): void;
  /** Ends the bars and leaves them as they are. */
  close(): void;
}

export interface ProgressOptions {
  /** Standard error: standard output is for answers. */
  readonly stream: Writable;
  readonly isTerminal: boolean;
  readonly clock: Clock;
}

/** Bars on a terminal; elsewhere (a log, a pipe) one line when an item is done, and one now and then while it is not. */
export function createProgress(options: ProgressOptions): ProgressView {
  return options.isTerminal ? barProgress(options.stream) : lineProgress(options);
}

/** Often enough to see that it lives, seldom enough for a log. */
const LINE_EVERY_MS = 2_000;

function lineProgress({ stream, clock }: ProgressOptions): ProgressView {
  let lastAt = Number.NEGATIVE_INFINITY;
  const finished = new Set<string>();
  return {
    show: (progress) => {
      const key = `${progress.step} ${progress.item}`;
      const now = clock.now().getTime();
      const isFinished = progress.total !== null && progress.done >= progress.total;
      if (finished.has(key)) return;
      if (!isFinished && now - lastAt < LINE_EVERY_MS) return;
      if (isFinished) finished.add(key);
      lastAt = now;
      stream.write(`${progress.step}: ${plainText(progress.item)} ${amount(progress)}\n`);
    },
    say: (line) => stream.write(`${plainText(line)}\n`),
    close: () => undefined,
  };
}

function barProgress(stream: Writable): ProgressView {
  const bars = new cliProgress.MultiBar({
    stream,
    format: "{step} [{bar}] {item} {amount}",
    barsize: 24,
    barCompleteChar: "=",
    barIncompleteChar: " ",
    hideCursor: true,
    fps: 12,
    emptyOnZero: true,
  });
  const shown = new Map<CycleProgress["step"], cliProgress.SingleBar>();
  return {
    show: (progress) => {
      const total = progress.total ?? 0;
      const payload = {
        step: progress.step.padEnd(7),
        item: plainText(progress.item),
        amount: amount(progress),
      };
      const bar = shown.get(progress.step) ?? bars.create(total, 0, payload);
      shown.set(progress.step, bar);
      bar.setTotal(total);
      bar.update(Math.min(progress.done, total), payload);
    },
    say: (line) => bars.log(`${plainText(line)}\n`),
    close: () => bars.stop(),
  };
}

function amount({ done, total }: CycleProgress): string {
  const count = done.toLocaleString("en");
  return total === null ? count : `${count} of ${total.toLocaleString("en")}`;
}
