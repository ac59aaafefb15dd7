import { z } from "zod";
import type { Org } from "../salesforce/org.ts";

const orgSettings = z.strictObject({
  /** Active rule: moves a lead's owner on create and update unless the caller declines; targets take turns. */
  leadAssignmentRule: z
    .strictObject({ isActive: z.boolean(), targets: z.array(z.string()).default([]) })
    .exactOptional(),
  /** `Lead.FirstCallDateTime`: nobody but the admin sees it. */
  hiddenFields: z.array(z.string()).exactOptional(),
  hiddenObjects: z.array(z.string()).exactOptional(),
  /** Fields under history tracking by object; `Owner` stands for OwnerId. */
  trackedFields: z.record(z.string(), z.array(z.string())).exactOptional(),
  /** Records somebody else holds: writes to them, or to their children, fail with UNABLE_TO_LOCK_ROW. */
  lockedIds: z.array(z.string()).exactOptional(),
});

/** What `POST control/faults` can set under `salesforce.org`. Settings that are functions are set in process only. */
export type OrgSettingsPatch = z.infer<typeof orgSettings>;

/** An org whose settings can be changed while it is served. */
export interface ConfigurableOrg extends Org {
  configure(changes: OrgSettingsPatch): void;
}

export const isConfigurable = (org: Org | ConfigurableOrg): org is ConfigurableOrg => "configure" in org;

/** @throws z.ZodError naming the setting that is unknown or has a wrong value. */
export const readOrgSettings = (values: unknown): OrgSettingsPatch => orgSettings.parse(values);
