import { z } from "zod";
import type { Automation, AutomationChanges } from "../salesforce/engine/automation/automation.ts";
import type { FieldRevocation, PicklistRename } from "../salesforce/engine/automation/rename-picklist.ts";
import type { Org } from "../salesforce/org.ts";

const orgSettings = z.strictObject({
  /** Active rule: moves a lead's owner on create and update unless the caller declines; targets take turns. */
  leadAssignmentRule: z
    .strictObject({ isActive: z.boolean(), targets: z.array(z.string()).default([]) })
    .exactOptional(),
  /** `Lead.FirstCallDateTime`: nobody but the admin sees it. */
  hiddenFields: z.array(z.string()).exactOptional(),
  hiddenObjects: z.array(z.string()).exactOptional(),
  /** As hiddenFields, for fields that stay readable. */
  readOnlyFields: z.array(z.string()).exactOptional(),
  /** Fields under history tracking by object; `Owner` stands for OwnerId. */
  trackedFields: z.record(z.string(), z.array(z.string())).exactOptional(),
  /** Records somebody else holds: writes to them, or to their children, fail with UNABLE_TO_LOCK_ROW. */
  lockedIds: z.array(z.string()).exactOptional(),
});

/** What `POST control/faults` can set under `salesforce.org`. Settings that are functions are set in process only. */
export type OrgSettingsPatch = z.infer<typeof orgSettings>;

/** An org that the control API can change while it is served. All refuse with VendorError 400 what cannot be. */
export interface ConfigurableOrg extends Org {
  configure(changes: OrgSettingsPatch): void;
  readonly automation: Automation;
  automate(changes: AutomationChanges): void;
  clearAutomation(): void;
  renamePicklistValue(rename: PicklistRename): void;
  revokeField(revocation: FieldRevocation): void;
  undelete(ids: readonly string[]): { readonly restored: number };
  purge(which: { readonly ids?: readonly string[]; readonly object?: string }): { readonly purged: number };
}

const isConfigurable = (org: Org | ConfigurableOrg): org is ConfigurableOrg => "configure" in org;

/** The control API's answer to an org without settings. */
class NoOrgSettingsError extends Error {
  readonly status = 400;
  constructor() {
    super("the org behind this emulator has no settings that could be changed");
    this.name = "NoOrgSettingsError";
  }
}

/** @throws NoOrgSettingsError where the org cannot be changed */
export function configurable(org: Org | ConfigurableOrg): ConfigurableOrg {
  if (!isConfigurable(org)) throw new NoOrgSettingsError();
  return org;
}

/** @throws z.ZodError naming the setting that is unknown or has a wrong value. */
export const readOrgSettings = (values: unknown): OrgSettingsPatch => orgSettings.parse(values);
