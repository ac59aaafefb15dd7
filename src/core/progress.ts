/** How far a long piece of work is. Whoever works reports; a terminal, a log or nobody listens. */
export interface ProgressStep {
  /** Sets how much is done, and (where it has become known) how much there is. */
  update(done: number, total?: number): void;
  /** Ends the step; `note` says what came of it, for example "5,000 leads". */
  finish(note?: string): void;
}

export interface Progress {
  /** Begins a step. `total` null: not known yet. `unit` names what is counted, in the plural ("rows"). */
  step(name: string, options: { readonly total: number | null; readonly unit: string }): ProgressStep;
  /** Ends whatever is still shown. */
  close(): void;
}

/** Tells nobody. */
export const silentProgress: Progress = {
  step: () => ({ update: () => undefined, finish: () => undefined }),
  close: () => undefined,
};
