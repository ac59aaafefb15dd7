/**
 * A formula the vendor would not save. `message` is the vendor's own text, so that a deploy can print it as the
 * component's problem. Where the exact words were not found in public text, the place that throws says so.
 */
export class FormulaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FormulaError";
  }
}
