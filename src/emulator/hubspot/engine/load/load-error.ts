import { z } from "zod";
import { instantOf } from "../values.ts";

/** A row of a load that cannot be; the control API names its line. */
export class LoadError extends Error {
  readonly status = 400;
  readonly errorCode = "INVALID_ROW";
  readonly row: number;
  constructor(message: string, row: number) {
    super(message);
    this.name = "LoadError";
    this.row = row;
  }
}

/** A moment as clients write it. */
export const instantInput = z
  .string()
  .refine((text) => !Number.isNaN(instantOf(text)), { error: "no instant" });
