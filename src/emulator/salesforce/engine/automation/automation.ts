/** What an org does by itself when somebody writes to it, and what it withholds: the control API sets it. */

export type SaveEvent = "insert" | "update";

/** Rows of one object: those named, those the formula is true for, and of these a share chosen by their ids. */
export interface RowSelection {
  readonly object: string;
  readonly ids?: readonly string[];
  /** Checkbox formula over the object's fields. */
  readonly where?: string;
  /** 0..1; the same rows as long as `seed` is the same. */
  readonly share: number;
  readonly seed: number;
}

export interface ValidationRule {
  readonly object: string;
  readonly name: string;
  /** True means that the row is refused. */
  readonly formula: string;
  readonly message: string;
  readonly field?: string;
  readonly isActive: boolean;
}

export interface RecordTrigger {
  readonly object: string;
  readonly name: string;
  readonly kind: "apex" | "flow" | "workflow";
  readonly on: readonly SaveEvent[];
  /** Largest batch it survives; undefined: it fails none. */
  readonly failsAbove?: number;
  readonly failure: "soql" | "cpu";
  /** Custom permission that its first line looks for, to leave the caller alone. */
  readonly unlessPermission?: string;
  readonly isActive: boolean;
}

export interface DuplicateRule {
  readonly object: string;
  readonly name: string;
  /** `alert` may be overruled by the caller (allowSave), `block` may not. */
  readonly action: "alert" | "block";
  readonly on: readonly SaveEvent[];
  /** Text fields that must all be equal, case ignored. */
  readonly fields: readonly string[];
  readonly message: string;
  readonly isActive: boolean;
}

/** Records that somebody else holds, for a time on the org's clock or for a number of write calls; else for good. */
export interface RowLock {
  readonly ids: readonly string[];
  readonly attempts?: number;
  readonly seconds?: number;
}

export interface Automation {
  readonly validationRules: readonly ValidationRule[];
  readonly triggers: readonly RecordTrigger[];
  readonly duplicateRules: readonly DuplicateRule[];
  readonly rowLocks: readonly RowLock[];
  /** Records in an approval process: nobody but the admin, or who may modify all, edits them. */
  readonly approvalLocks: readonly RowSelection[];
  /** Records that sharing keeps from everybody but the admin. */
  readonly hiddenRecords: readonly RowSelection[];
  /** Data storage left, in records, when it was set; undefined: as much as the edition has. */
  readonly storage?: { readonly freeRecords: number };
}

/** A lock while it counts down. */
export interface HeldLock {
  readonly ids: readonly string[];
  /** Milliseconds on the org's clock. */
  readonly until: number | undefined;
  attemptsLeft: number | undefined;
}

/** Parts named replace those of before; the others stay. */
export type AutomationChanges = Partial<Omit<Automation, "storage">> & {
  readonly storage?: Automation["storage"] | null;
  /** Fields under history tracking by object, `Owner` for OwnerId; an empty list switches tracking off. */
  readonly fieldHistory?: Readonly<Record<string, readonly string[]>>;
};

export const NO_AUTOMATION: Automation = {
  validationRules: [],
  triggers: [],
  duplicateRules: [],
  rowLocks: [],
  approvalLocks: [],
  hiddenRecords: [],
};
