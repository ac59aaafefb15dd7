import { z } from "zod";
import { dumpRecords } from "../../../src/emulator/hubspot/engine/load/dump-records.ts";
import type { Portal } from "../../../src/emulator/hubspot/engine/portal.ts";

const Dumped = z.object({
  id: z.string(),
  properties: z.record(z.string(), z.string()),
  createdAt: z.string(),
  archived: z.boolean(),
  associations: z.record(z.string(), z.array(z.string())).default({}),
});

export type PortalRecord = z.infer<typeof Dumped>;

/** Records of a type as a control dump tells them, archived ones too; merged ones are gone. */
export const recordsOf = (portal: Portal, type: string): readonly PortalRecord[] =>
  [...dumpRecords(portal, type)].map((row) => Dumped.parse(row));
