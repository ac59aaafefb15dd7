import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { Checkpoint } from "../../src/core/ports.ts";

const common = {
  /** Rows delivered so far in this pull, over all attempts. */
  rows: z.int().nonnegative(),
  /** The portal's clock at the first page of the pull. */
  queriedAt: z.iso.datetime().transform((text) => new Date(text)),
};

const Position = z.discriminatedUnion("route", [
  /** `after`: the last record id that was delivered; the search goes on behind it. */
  z.object({ route: z.literal("search"), after: z.string().regex(/^\d+$/), ...common }),
  /** `part`: which of the lists that make the stream; `after`: the vendor's mark in it. */
  z.object({
    route: z.literal("list"),
    part: z.int().nonnegative(),
    after: z.string().nullable(),
    ...common,
  }),
]);

/** Where a pull goes on, as the connector reads it back. */
export type Position = z.infer<typeof Position>;

export function toCheckpoint(position: Position): Checkpoint {
  return { ...position, queriedAt: position.queriedAt.toISOString() };
}

/** @throws WireShapeError for a checkpoint that is not ours: starting over silently would hide the fault. */
export function fromCheckpoint(checkpoint: Checkpoint, stream: string): Position {
  const parsed = Position.safeParse(checkpoint);
  if (parsed.success) return parsed.data;
  throw new WireShapeError(
    "hubspot",
    `The stored position of ${stream} cannot be read. It was written by another version: run \`ripeline sync --all\` to read the stream anew.`,
  );
}
