/** Who or what makes a change, as histories and webhooks say it. */
export interface Source {
  readonly sourceType: string;
  readonly sourceId?: string;
  readonly sourceLabel?: string;
  readonly userId?: number;
}

/** What HubSpot works out by itself. */
export const CALCULATED: Source = { sourceType: "CALCULATED" };

type ChangeKind = "creation" | "deletion" | "propertyChange" | "merge" | "restore" | "associationChange";

/** Something that happened to a record, for webhooks and the journal. */
export interface Change {
  readonly kind: ChangeKind;
  readonly typeId: string;
  readonly id: number;
  readonly at: number;
  readonly source: Source;
  readonly property?: string;
  readonly value?: string;
  /** Of a merge. */
  readonly mergedIds?: readonly number[];
  /** Of an association: the other end. */
  readonly toTypeId?: string;
  readonly toId?: number;
  readonly isRemoved?: boolean;
  readonly associationTypeId?: number;
}

/** One successful write of one record, for `GET control/requests`. */
export interface WriteLogEntry {
  readonly at: string;
  readonly crm: "hubspot";
  readonly operation: string;
  readonly object: string;
  readonly id: string;
  /** Names of the properties the caller sent. */
  readonly fields: readonly string[];
}
