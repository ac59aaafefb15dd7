import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import { issue } from "./record-page.ts";

/** Ids come as numbers here and there. */
export const TextId = z.union([z.string(), z.int().transform(String)]);
export const Text = z.string().nullish();

/** @throws WireShapeError where an entry of a list is not as promised */
export function parsed<T>(shape: z.ZodType<T>, results: readonly unknown[], step: string): readonly T[] {
  const list = z.array(shape).safeParse(results);
  if (list.success) return list.data;
  throw new WireShapeError("hubspot", `${step}: an entry is not as promised (${issue(list.error)}).`);
}

export const Campaign = z.looseObject({
  id: z.string(),
  properties: z.record(z.string(), z.string().nullable()).default({}),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Campaign = z.infer<typeof Campaign>;
