import type { CrmName } from "../../core/errors.ts";

/** When a row is published. `record_flags`: at once. `metric_rows`: hourly. `campaign_fields`: nightly. `status`: hourly. */
export type PublishClass = "record_flags" | "metric_rows" | "campaign_fields" | "status";

export const PUBLISH_CLASSES: readonly PublishClass[] = [
  "record_flags",
  "campaign_fields",
  "metric_rows",
  "status",
];

/** How the CRM keeps a value. Lengths are characters; `precision` counts all digits, `scale` those after the point. */
export type TargetType =
  | { readonly kind: "text"; readonly length: number }
  /** Upsert key or indexed marker: text, external id. A key is also unique (case sensitive) and required. */
  | { readonly kind: "external_id"; readonly length: number; readonly isKey: boolean }
  | { readonly kind: "long_text"; readonly length: number }
  | { readonly kind: "checkbox" }
  | { readonly kind: "date" }
  | { readonly kind: "datetime" }
  | { readonly kind: "number"; readonly precision: number; readonly scale: number }
  | { readonly kind: "currency"; readonly precision: number; readonly scale: number }
  | {
      readonly kind: "lookup";
      readonly to: "Lead" | "Contact" | "Campaign" | "User";
      /** Name of the list on the parent; unique per parent. */
      readonly relationship: string;
      readonly relationshipLabel: string;
    }
  /** One of a closed set of words. */
  | {
      readonly kind: "choice";
      readonly options: readonly { readonly value: string; readonly label: string }[];
    }
  | {
      readonly kind: "formula";
      readonly returns: "checkbox" | "text" | "number" | "percent" | "currency";
      readonly scale: number;
      readonly formula: string;
    };

/**
 * Where a field's value comes from. `column`: a column of the object's desired rows (src/writeback/models). `metric`: a
 * part of a metric's report row. `computed`: the CRM computes it. `people`: people set it and we only read it.
 */
export type TargetSource =
  | { readonly from: "column"; readonly column: string }
  | {
      readonly from: "metric";
      readonly metric: string;
      readonly part: "value" | "numerator" | "denominator" | "text";
    }
  | { readonly from: "computed" }
  | { readonly from: "people" };

/** One custom field of ours in the CRM. */
export interface TargetField {
  /** API name, `Ripeline_..__c` in Salesforce and `ripeline_..` in HubSpot. */
  readonly name: string;
  /** At most 40 characters. */
  readonly label: string;
  /** Shown beside the field on a record page: what it means, in the metric dictionary's words. At most 510 characters. */
  readonly help: string;
  readonly type: TargetType;
  readonly source: TargetSource;
  /**
   * False for what moves by itself (data as of, ages, hours, counts of trust): such a value is sent only along with
   * another change of its row, so that nothing is written when nothing happened.
   */
  readonly diff: boolean;
}

/** A list view we ship. `scope` mine: records the viewer owns. */
export interface TargetListView {
  readonly name: string;
  readonly label: string;
  readonly scope: "Everything" | "Mine";
  /** Column names in the vendor's list-view spelling. */
  readonly columns: readonly string[];
  readonly filters: readonly {
    readonly field: string;
    readonly operation: "equals";
    readonly value: string;
  }[];
}

/**
 * Which desired rows an object takes (src/writeback/models). `lead`: the unit of work. `contact`: a person of HubSpot with
 * the state of its worst open lead. `cleared`: what we once wrote there is taken back, nothing else.
 */
export type RowModel =
  | "lead"
  | "contact"
  | "opportunity"
  | "handoff"
  | "campaign"
  | "metric"
  | "status"
  | "cleared";

/** An object we write to. */
export interface TargetObject {
  readonly crm: CrmName;
  readonly rows: RowModel;
  /** API name. */
  readonly object: string;
  /** Ours (deployed and removed by us), or a standard object that only gets fields. */
  readonly isOurs: boolean;
  readonly label: string;
  readonly pluralLabel: string;
  readonly description: string;
  /** Of the auto-number name, for example `RH-{00000000}`; null on standard objects. */
  readonly nameFormat: string | null;
  /** `Id` (HubSpot: `hs_object_id`) updates existing records, another name upserts. */
  readonly keyField: string;
  readonly class: PublishClass;
  readonly fields: readonly TargetField[];
  readonly listViews: readonly TargetListView[];
  /** Standard fields we set on records of our own objects, with the column of the desired rows each takes. */
  readonly standardFields: readonly { readonly name: string; readonly column: string }[];
}

/** API names of the fields that take columns of the desired rows, by column. */
export function columnNames(target: TargetObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    target.fields.flatMap(({ name, source }) =>
      source.from === "column" ? [[source.column, name] as const] : [],
    ),
  );
}

/** Field written by ripeline, as opposed to those the CRM computes or people set. */
export function isWritten(field: TargetField): boolean {
  return field.source.from === "column" || field.source.from === "metric";
}

type Shape = Pick<TargetField, "name" | "label" | "help">;

/** A field that takes `column` of the desired rows. */
export function stored(shape: Shape, type: TargetType, column: string): TargetField {
  return { ...shape, type, source: { from: "column", column }, diff: true };
}

/** As {@link stored}, for a value that moves by itself. */
export function riding(shape: Shape, type: TargetType, column: string): TargetField {
  return { ...stored(shape, type, column), diff: false };
}

/** A formula the CRM computes whenever somebody looks. Blanks are blanks in it. */
export function computed(
  shape: Shape,
  returns: "checkbox" | "text" | "number" | "percent" | "currency",
  scale: number,
  formula: string,
): TargetField {
  return {
    ...shape,
    type: { kind: "formula", returns, scale, formula },
    source: { from: "computed" },
    diff: false,
  };
}

export const DATETIME: TargetType = { kind: "datetime" };
export const DATE: TargetType = { kind: "date" };
export const CHECKBOX: TargetType = { kind: "checkbox" };
export const COUNT: TargetType = { kind: "number", precision: 18, scale: 0 };
/** Money where the record may be in a currency of its own: the number stands beside a currency code. */
export const AMOUNT: TargetType = { kind: "number", precision: 18, scale: 2 };
export const DECIMAL: TargetType = { kind: "number", precision: 18, scale: 4 };
export const CURRENCY: TargetType = { kind: "currency", precision: 18, scale: 2 };

export function text(length: number): TargetType {
  return { kind: "text", length };
}

/** The upsert key of an object of ours: a sha256 in hex. */
export const KEY_FIELD: TargetField = stored(
  {
    name: "Ripeline_Key__c",
    label: "Ripeline Key",
    help: "Identifies the row for ripeline. Do not change it.",
  },
  { kind: "external_id", length: 64, isKey: true },
  "key",
);
