import { z } from "zod";
import { toJson } from "../core/json.ts";
import { operation } from "./operation.ts";

const importArgs = z.object({
  /** Its name, for messages. */
  file: z.string(),
  /** Its content: the process that owns the store may run in another folder. */
  text: z.string(),
});

/** `ripeline costs import FILE.csv`: dated costs into the ledger, all lines or none. */
export const costsImportOperation = operation(importArgs, async ({ app }, { file, text }) => {
  const done = await app.importCosts({ file, text });
  const dates =
    done.firstDate === null ? "" : `, dated ${done.firstDate} to ${done.lastDate ?? done.firstDate}`;
  return {
    json: toJson({ file, ...done }),
    text:
      `${file}: ${done.entries} entries${dates}: ${done.added} new, ${done.replaced} replaced, ` +
      `${done.unchanged} as they were. The next \`ripeline sync\` counts them.`,
  };
});
