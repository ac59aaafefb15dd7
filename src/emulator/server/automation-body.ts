import { z } from "zod";
import type { AutomationChanges } from "../salesforce/engine/automation/automation.ts";

const name = z.string().min(1);
const event = z.enum(["insert", "update"]);
const events = z.array(event).min(1).default(["insert", "update"]);

const rowSelection = z.strictObject({
  object: name,
  ids: z.array(name).exactOptional(),
  /** Checkbox formula over the object's fields. */
  where: name.exactOptional(),
  share: z.number().min(0).max(1).default(1),
  seed: z.int().default(1),
});

/** What the org holds; see `engine/automation/automation.ts` for what each part does. */
const orgAutomation = {
  validationRules: z
    .array(
      z.strictObject({
        object: name,
        name,
        /** Refuses the row where it is true. `$Permission.NAME`, ISNEW, ISCHANGED and PRIORVALUE work. */
        formula: name,
        message: name,
        /** Field that the message stands at. */
        field: name.exactOptional(),
        isActive: z.boolean().default(true),
      }),
    )
    .exactOptional(),
  triggers: z
    .array(
      z.strictObject({
        object: name,
        name,
        kind: z.enum(["apex", "flow", "workflow"]).default("apex"),
        on: events,
        /** Largest batch it survives; without it the trigger only stands in the lists. */
        failsAbove: z.int().min(0).exactOptional(),
        failure: z.enum(["soql", "cpu"]).default("soql"),
        /** Custom permission with which the caller is left alone. */
        unlessPermission: name.exactOptional(),
        isActive: z.boolean().default(true),
      }),
    )
    .exactOptional(),
  duplicateRules: z
    .array(
      z.strictObject({
        object: name,
        name,
        action: z.enum(["alert", "block"]),
        on: events,
        fields: z.array(name).min(1),
        message: name.default("Use one of these records?"),
        isActive: z.boolean().default(true),
      }),
    )
    .exactOptional(),
  rowLocks: z
    .array(
      z.strictObject({
        /** Records held: writes to them, or to rows that name them as a parent, are UNABLE_TO_LOCK_ROW. */
        ids: z.array(name).min(1),
        /** Write calls that fail before the lock is gone. */
        attempts: z.int().min(1).exactOptional(),
        /** Emulated seconds before the lock is gone. */
        seconds: z.number().positive().exactOptional(),
      }),
    )
    .exactOptional(),
  approvalLocks: z.array(rowSelection).exactOptional(),
  hiddenRecords: z.array(rowSelection).exactOptional(),
  fieldHistory: z.record(z.string(), z.array(name)).exactOptional(),
  /** Records for which there is room; null: as many as the edition gives. */
  storage: z
    .strictObject({ freeRecords: z.int().min(0) })
    .nullable()
    .exactOptional(),
};

const moment = z
  .strictObject({
    /** Metered requests that still see the org as it was. */
    afterRequests: z.int().min(0).default(0),
    renamePicklistValue: z.strictObject({ object: name, field: name, from: name, to: name }).exactOptional(),
    revokeField: z
      .strictObject({
        field: z.string().regex(/^\w+\.\w+$/),
        access: z.enum(["read", "edit"]).default("read"),
      })
      .exactOptional(),
    /** Parts of the automation that are replaced then. */
    automation: z.strictObject(orgAutomation).exactOptional(),
  })
  .refine((one) => Object.keys(one).length > 1, {
    error: "nothing happens then; give renamePicklistValue, revokeField or automation",
  });

const automationBody = z.strictObject({
  ...orgAutomation,
  /** Other clients of the org that use up its daily allowance; null: none. */
  otherClients: z
    .strictObject({ requestsPerMinute: z.number().min(0) })
    .nullable()
    .exactOptional(),
  moments: z.array(moment).exactOptional(),
});

/** Something an administrator does while a client is at work. */
export type Moment = z.infer<typeof moment>;

export interface AutomationRequest {
  readonly org: AutomationChanges;
  readonly otherClients?: { readonly requestsPerMinute: number } | null;
  readonly moments?: readonly Moment[];
}

/** What `POST control/automation` sends for Salesforce. @throws z.ZodError naming the key that is unknown or wrong */
export function readAutomation(value: unknown): AutomationRequest {
  const { otherClients, moments, ...org } = automationBody.parse(value);
  return {
    org,
    ...(otherClients === undefined ? {} : { otherClients }),
    ...(moments === undefined ? {} : { moments }),
  };
}
