import type { Settings } from "../../../src/core/settings.ts";
import { type CompanyRows, everything, flag, must, mustInstant, text } from "./vendor-rows.ts";

export type StatusClass = "open" | "disqualified" | "recycled" | "converted";

/** What the metrics need of a Lead record. Instants are milliseconds, UTC. */
export interface LeadFacts {
  readonly id: string;
  readonly ownerId: string;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly source: string | null;
  readonly status: string;
  readonly isConverted: boolean;
  readonly contactId: string | null;
  readonly opportunityId: string | null;
  readonly removal: "deleted" | "merged" | null;
  readonly isInScope: boolean;
}

export function leadsOf(rows: CompanyRows, settings: Settings): readonly LeadFacts[] {
  return everything(rows, "Lead").map((lead) => {
    const domain = (text(lead, "Email") ?? "").toLowerCase().split("@").at(-1) ?? "";
    const { recordTypes, excludedCreators, excludedEmailDomains } = settings.scope;
    const isExcluded =
      flag(lead, "Ripeline_Exclude__c") ||
      (recordTypes.length > 0 && !recordTypes.includes(text(lead, "RecordTypeId") ?? "")) ||
      excludedCreators.includes(text(lead, "CreatedById") ?? "") ||
      excludedEmailDomains.includes(domain);
    const merged = text(lead, "MasterRecordId") === null ? "deleted" : "merged";
    return {
      id: must(lead, "Id"),
      ownerId: must(lead, "OwnerId"),
      createdAt: mustInstant(lead, "CreatedDate"),
      changedAt: mustInstant(lead, "SystemModstamp"),
      source: text(lead, "LeadSource"),
      status: must(lead, "Status"),
      isConverted: flag(lead, "IsConverted"),
      contactId: text(lead, "ConvertedContactId"),
      opportunityId: text(lead, "ConvertedOpportunityId"),
      removal: flag(lead, "IsDeleted") ? merged : null,
      isInScope: !isExcluded,
    };
  });
}

/** Definitions 2: which statuses end a handoff; case ignored. */
export function statusClasses(rows: CompanyRows, settings: Settings): (status: string) => StatusClass {
  const lower = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());
  const disqualified = lower(settings.statuses.disqualified);
  const recycled = lower(settings.statuses.recycled);
  const converted = lower(
    everything(rows, "LeadStatus")
      .filter((row) => flag(row, "IsConverted"))
      .map((row) => must(row, "ApiName")),
  );
  return (status) => {
    const name = status.toLowerCase();
    if (disqualified.includes(name)) return "disqualified";
    if (recycled.includes(name)) return "recycled";
    return converted.includes(name) ? "converted" : "open";
  };
}

/** Definitions 3: a working status is one that is neither the default nor an end, unless the setting names them. */
export function workingStatuses(rows: CompanyRows, settings: Settings): (status: string) => boolean {
  const classOf = statusClasses(rows, settings);
  const fresh = everything(rows, "LeadStatus")
    .filter((row) => flag(row, "IsDefault"))
    .map((row) => must(row, "ApiName").toLowerCase());
  const { working } = settings.statuses;
  return (status) =>
    working === null
      ? classOf(status) === "open" && !fresh.includes(status.toLowerCase())
      : working.some((name) => name.toLowerCase() === status.toLowerCase());
}
