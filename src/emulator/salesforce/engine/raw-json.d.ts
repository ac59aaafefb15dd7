/** Node 24 has it; the compiler's library does not describe it yet. https://tc39.es/proposal-json-parse-with-source/ */
interface JSON {
  /** A value that `JSON.stringify` prints as `text`. */
  rawJSON(text: string): { readonly rawJSON: string };
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}
