import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { Checkpoint } from "../../src/core/ports.ts";

const instant = z.iso.datetime().transform((text) => new Date(text));

const common = {
  /** Rows delivered so far in this pull, over all attempts. */
  rows: z.int().nonnegative(),
  /** Rows delivered before the present query or job was opened; its own count starts there. */
  base: z.int().nonnegative(),
  /** The vendor's count for the present query or job. */
  total: z.int().nonnegative(),
  queriedAt: instant,
};

const Position = z.discriminatedUnion("route", [
  z.object({
    route: z.literal("rest"),
    locator: z.string().startsWith("/services/data/"),
    /** Last row delivered, for the case that the locator is gone; null where the stream has no cursor. */
    cursor: z.string().nullable(),
    id: z.string().nullable(),
    ...common,
  }),
  z.object({ route: z.literal("bulk"), job: z.string().min(1), locator: z.string().min(1), ...common }),
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
    "salesforce",
    `The stored position of ${stream} cannot be read. It was written by another version: run \`ripeline sync --all\` to read the stream anew.`,
  );
}
