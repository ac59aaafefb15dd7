import { z } from "zod";

const recycleBody = z
  .strictObject({
    /** Deleted records to restore, with what was deleted with them. */
    undelete: z.array(z.string()).min(1).exactOptional(),
    /** Deleted records to take out for good: those named, those of an object, or all. */
    purge: z
      .strictObject({ ids: z.array(z.string()).exactOptional(), object: z.string().exactOptional() })
      .refine((which) => which.ids === undefined || which.object === undefined, {
        error: "give ids or an object, not both",
      })
      .exactOptional(),
  })
  .refine((body) => body.undelete !== undefined || body.purge !== undefined, {
    error: "give undelete or purge",
  });

/** What `POST control/recycle-bin` sends for Salesforce. */
export type RecycleCommand = z.infer<typeof recycleBody>;

/** @throws z.ZodError naming the key that is unknown or wrong */
export const readRecycleCommand = (value: unknown): RecycleCommand => recycleBody.parse(value);
