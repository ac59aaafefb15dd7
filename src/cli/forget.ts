import { z } from "zod";
import type { Forgotten } from "../app.ts";
import { toJson } from "../core/json.ts";
import { operation } from "./operation.ts";

const forgetArgs = z.object({ person: z.string() });

/** `ripeline forget ID`: erases a person from the store. The answer counts and never names. */
export const forgetOperation = operation(forgetArgs, async ({ app }, { person }) => {
  const outcome = await app.forget(person);
  return { json: toJson(outcome), text: describe(outcome) };
});

function describe({ records, rows }: Forgotten): string {
  if (records === 0) return "Nothing in the store belongs to this address.";
  return [
    `Forgotten: ${records} ${records === 1 ? "lead or contact" : "leads and contacts"} of one person.`,
    `Erased rows: ${rows.mirror} of the mirror, ${rows.metrics} of the metrics, ${rows.writeback} of what was written or waits.`,
    "Pulls leave these records out from now on. Numbers already reported stay; the next sync counts without them.",
    "The CRM was not touched: delete the records there too. Our handoff rows of them go there at the sweep of a later night.",
  ].join("\n");
}
