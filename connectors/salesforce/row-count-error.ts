import { TransientHttpError } from "../../src/core/errors.ts";

/**
 * A page or a whole result holds another number of rows than Salesforce said. Apart from other trouble on the way,
 * since a stored position that leads to it again and again must be given up at some time.
 */
export class RowCountError extends TransientHttpError {
  constructor(message: string) {
    super("salesforce", message, 200);
  }
}
