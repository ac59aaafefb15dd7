import type { PgErrorFields } from "../errors.ts";

/** What the main thread asks of PGlite's thread: one at a time, each answered once. `open` comes first. */
export type ThreadRequest = { readonly id: number } & (
  | { readonly kind: "open"; readonly folder: string | undefined; readonly dump: Uint8Array | undefined }
  | { readonly kind: "query"; readonly text: string; readonly values: readonly unknown[] }
  | { readonly kind: "script"; readonly text: string }
  | { readonly kind: "copy"; readonly text: string; readonly bytes: Uint8Array }
  | { readonly kind: "dump" }
  | { readonly kind: "close" }
);

/** What a statement gave; for a script, what its last statement gave. */
export interface ThreadResult {
  readonly command: string;
  readonly rows: never[];
  readonly rowCount: number;
  /** Only for `dump`. */
  readonly dump?: Uint8Array;
}

export type ThreadReply =
  | { readonly kind: "done"; readonly id: number; readonly result: ThreadResult }
  | { readonly kind: "failed"; readonly id: number; readonly error: PgErrorFields }
  | { readonly kind: "notification"; readonly channel: string; readonly payload: string };
