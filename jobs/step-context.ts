import type { App } from "../src/app.ts";
import type { CycleProgress } from "../src/core/cycle.ts";

/** What a step of a cycle is given. */
export interface StepContext {
  readonly app: App;
  readonly report: (progress: CycleProgress) => void;
  /** Ends the step: its time is up, somebody asks to stop, or another process has taken the connection over. */
  readonly signal: AbortSignal;
}
