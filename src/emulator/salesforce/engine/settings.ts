/** Knobs of the org that no API call turns: the control interface and tests do. */
import type { SaveError, WriteOptions } from "../org.ts";

/** One row about to be saved. Values are as REST prints them; `before` is absent on insert. */
export interface RowCheck {
  readonly object: string;
  readonly id: string | undefined;
  readonly before: Readonly<Record<string, unknown>> | undefined;
  readonly changes: Readonly<Record<string, unknown>>;
  readonly options: WriteOptions;
}

export interface OrgSettings {
  /** Active rule: moves the owner of a lead on insert and update unless the caller declines. */
  readonly leadAssignmentRule: {
    readonly isActive: boolean;
    /** User or queue ids, taken in turn; empty means every active standard user but the one who writes. */
    readonly targets: readonly string[];
  };
  /** `Lead.FirstCallDateTime`: nobody but the admin sees it. Names are case-insensitive. */
  readonly hiddenFields: readonly string[];
  readonly hiddenObjects: readonly string[];
  /** As hiddenFields, for fields that stay readable. */
  readonly readOnlyFields: readonly string[];
  /** Fields under history tracking by object; `Owner` stands for OwnerId. */
  readonly trackedFields: Readonly<Record<string, readonly string[]>>;
  /** Records somebody else holds: a write to them, or to their children, is UNABLE_TO_LOCK_ROW. */
  readonly lockedIds: readonly string[];
  /** Validation rules: what it returns fails the row. */
  readonly validate: ((check: RowCheck) => readonly SaveError[]) | undefined;
}
