/** `fail`: ripeline cannot work. `warn`: it works, and something is less than it could be. */
type Level = "ok" | "warn" | "fail";

export interface Check {
  readonly name: string;
  readonly level: Level;
  /** What was found, one sentence. */
  readonly found: string;
  /** What to do, where there is something to do. */
  readonly next?: string;
  /** Id of the connection that it is about, where the workspace has several. */
  readonly connection?: string;
}
