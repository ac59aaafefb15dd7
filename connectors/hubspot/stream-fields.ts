import type { ColumnType, Keep, StreamField } from "../../src/core/ports.ts";

interface FieldOptions {
  readonly need?: "required" | "optional";
  readonly keep?: Keep;
}

export function field(name: string, type: ColumnType, options: FieldOptions = {}): StreamField {
  return {
    name,
    type,
    need: options.need ?? "required",
    ...(options.keep === undefined ? {} : { keep: options.keep }),
  };
}

export const optional = (name: string, type: ColumnType): StreamField =>
  field(name, type, { need: "optional" });
export const subject = (name: string): StreamField =>
  field(name, "text", { keep: "subject", need: "optional" });
