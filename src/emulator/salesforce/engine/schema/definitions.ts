/** What an object and a field are. Definitions are immutable; a deploy replaces them. */
import type { CompiledFormula, FieldType } from "../../org.ts";

/** Values that no caller stores: computed when read (see derived-values.ts). A stored value, where loaded, wins. */
export type DerivedValue =
  | "person_name"
  | "is_archived"
  | "hierarchy_actual_cost"
  | "hierarchy_budgeted_cost"
  | "number_of_leads"
  | "number_of_converted_leads"
  | "number_of_contacts"
  | "number_of_responses"
  | "number_of_opportunities"
  | "number_of_won_opportunities"
  | "amount_all_opportunities"
  | "amount_won_opportunities"
  | "expected_revenue"
  | "lead_or_contact_id"
  | "is_assignment_rule_active";

export interface FieldDef {
  readonly name: string;
  /** Lower-case name: what every lookup by field goes by. */
  readonly key: string;
  readonly label: string;
  readonly type: FieldType;
  /** Where describe prints another type than the one we store: anyType, combobox. */
  readonly describeType?: string;
  /** Characters a text may have; 0 for other types. */
  readonly length: number;
  readonly precision: number;
  readonly scale: number;
  readonly isNillable: boolean;
  readonly isCreateable: boolean;
  readonly isUpdateable: boolean;
  /** False for long text: it can stand in SELECT only. */
  readonly isFilterable: boolean;
  readonly isCustom: boolean;
  readonly isExternalId: boolean;
  readonly isUnique: boolean;
  readonly isCaseSensitive: boolean;
  readonly isNameField: boolean;
  /** An insert must bring it: not nillable, no default. */
  readonly isRequired: boolean;
  /** Equality filters on it are answered from an index. */
  readonly isIndexed: boolean;
  readonly referenceTo: readonly string[];
  readonly relationshipName?: string;
  /** Name of the list on the parent's side: `Tasks`, `CampaignMembers`. */
  readonly childRelationshipName?: string;
  /** Deleting the parent deletes this row. */
  readonly isCascade: boolean;
  /** The parent cannot be deleted while this row points at it. */
  readonly isRestricting?: boolean;
  /** The reference holds the target's DurableId, not its Id (Tooling's definitions). */
  readonly textKey: boolean;
  readonly picklist: readonly string[];
  readonly isRestrictedPicklist: boolean;
  readonly defaultValue: string | number | boolean | null;
  readonly derived?: DerivedValue;
  readonly formula?: CompiledFormula;
  readonly formulaSource?: string;
  readonly treatsBlankAsZero: boolean;
  readonly autoNumberFormat?: string;
  readonly helpText?: string;
  /** Exists only where the org has more than one currency. */
  readonly isMultiCurrencyOnly: boolean;
}

export interface ObjectDef {
  readonly name: string;
  readonly label: string;
  readonly labelPlural: string;
  readonly keyPrefix: string;
  readonly isCustom: boolean;
  /** Where it can be queried: by REST, by the Tooling API, or by both. */
  readonly reach: "rest" | "tooling" | "both";
  readonly isCreateable: boolean;
  readonly isUpdateable: boolean;
  readonly isDeletable: boolean;
  /** Setup rows take no data storage. */
  readonly isSetup: boolean;
  readonly isMultiCurrencyOnly: boolean;
  /** Field that names a row of a setup list: a load without a known Id replaces the row of the same key. */
  readonly naturalKey?: string;
  readonly sharingModel?: string;
  readonly fields: readonly FieldDef[];
}
