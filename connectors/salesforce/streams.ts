import type { Cadence, ColumnType, Keep, StreamField, StreamSpec } from "../../src/core/ports.ts";

/** Rows can become visible after rows with a later stamp; ten minutes is what others had to look back. */
const OVERLAP_MINUTES = 10;

interface FieldOptions {
  readonly need?: "required" | "optional";
  readonly keep?: Keep;
}

function field(name: string, type: ColumnType, options: FieldOptions = {}): StreamField {
  return {
    name,
    type,
    need: options.need ?? "required",
    ...(options.keep === undefined ? {} : { keep: options.keep }),
  };
}

const optional = { need: "optional" } as const;

interface StreamOptions {
  readonly cadence: Cadence;
  readonly cursor?: StreamSpec["cursor"];
  readonly mayBeAbsent?: true;
  /** Flags on records come from it. Ten streams at most: two calls. */
  readonly isForFlags?: true;
}

function stream(object: string, fields: readonly StreamField[], options: StreamOptions): StreamSpec {
  return {
    name: `salesforce.${object}`,
    crm: "salesforce",
    object,
    table: `salesforce_${object.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase()}`,
    fields: [field("Id", "text"), ...fields],
    cursor: options.cursor ?? "SystemModstamp",
    overlapMinutes: OVERLAP_MINUTES,
    cadence: options.cadence,
    ...(options.mayBeAbsent === undefined ? {} : { optional: true }),
    ...(options.isForFlags === undefined ? {} : { isForFlags: true }),
  };
}

const stamp = field("SystemModstamp", "timestamptz");
const created = field("CreatedDate", "timestamptz");
const createdBy = field("CreatedById", "text");
const isDeleted = field("IsDeleted", "boolean");
const currency = field("CurrencyIsoCode", "text", optional);

/**
 * Everything we read from a Salesforce org: the shortest list of fields that the metrics need. No names of people who
 * are not users, no bodies, descriptions or telephone numbers.
 */
export const salesforceStreams: readonly StreamSpec[] = [
  stream(
    "Lead",
    [
      field("OwnerId", "text"),
      field("Status", "text"),
      field("LeadSource", "text"),
      field("Email", "text", { keep: "email", need: "optional" }),
      field("RecordTypeId", "text", optional),
      field("IsConverted", "boolean"),
      field("ConvertedDate", "date"),
      field("ConvertedAccountId", "text", optional),
      field("ConvertedContactId", "text", optional),
      field("ConvertedOpportunityId", "text", optional),
      field("MasterRecordId", "text"),
      field("FirstCallDateTime", "timestamptz", optional),
      field("FirstEmailDateTime", "timestamptz", optional),
      field("Ripeline_Exclude__c", "boolean", optional),
      created,
      createdBy,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true },
  ),
  stream(
    "Contact",
    [
      field("OwnerId", "text"),
      field("AccountId", "text"),
      field("LeadSource", "text", optional),
      field("Email", "text", { keep: "email", need: "optional" }),
      field("MasterRecordId", "text"),
      created,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true },
  ),
  stream(
    "LeadHistory",
    [
      field("LeadId", "text"),
      field("Field", "text"),
      // The org keeps the history of any field it likes: names, addresses, telephone numbers.
      field("OldValue", "text", { keep: "history" }),
      field("NewValue", "text", { keep: "history" }),
      created,
      createdBy,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true, cursor: "CreatedDate" },
  ),
  stream(
    "Task",
    [
      field("WhoId", "text"),
      field("WhatId", "text"),
      field("OwnerId", "text"),
      field("Subject", "text", { keep: "subject", need: "optional" }),
      field("Status", "text"),
      field("IsClosed", "boolean"),
      field("Type", "text", optional),
      field("TaskSubtype", "text"),
      field("CallType", "text", optional),
      field("CallDurationInSeconds", "integer", optional),
      field("CallDisposition", "text", { need: "optional", keep: "presence" }),
      field("CompletedDateTime", "timestamptz"),
      field("IsArchived", "boolean"),
      created,
      createdBy,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true },
  ),
  stream(
    "Event",
    [
      field("WhoId", "text"),
      field("WhatId", "text"),
      field("OwnerId", "text"),
      field("Subject", "text", { keep: "subject", need: "optional" }),
      field("StartDateTime", "timestamptz"),
      field("EndDateTime", "timestamptz"),
      field("IsArchived", "boolean"),
      created,
      createdBy,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true },
  ),
  stream(
    "EmailMessage",
    [
      field("Incoming", "boolean"),
      field("IsBounced", "boolean", optional),
      field("Status", "text"),
      field("MessageDate", "timestamptz"),
      field("ActivityId", "text"),
      field("RelatedToId", "text", optional),
      field("Subject", "text", { keep: "subject", need: "optional" }),
      created,
      createdBy,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true, mayBeAbsent: true },
  ),
  stream(
    "EmailMessageRelation",
    [
      field("EmailMessageId", "text"),
      field("RelationId", "text"),
      field("RelationType", "text"),
      field("RelationObjectType", "text", optional),
      created,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true, mayBeAbsent: true },
  ),
  stream(
    "Opportunity",
    [
      field("OwnerId", "text"),
      field("AccountId", "text"),
      field("CampaignId", "text"),
      field("StageName", "text"),
      field("Amount", "numeric"),
      currency,
      field("CloseDate", "date"),
      field("IsClosed", "boolean"),
      field("IsWon", "boolean"),
      field("Type", "text", optional),
      field("LeadSource", "text"),
      created,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true },
  ),
  stream(
    "OpportunityHistory",
    [
      field("OpportunityId", "text"),
      field("StageName", "text"),
      field("Amount", "numeric"),
      currency,
      field("CloseDate", "date"),
      created,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true },
  ),
  stream(
    "OpportunityContactRole",
    [
      field("OpportunityId", "text"),
      field("ContactId", "text"),
      field("IsPrimary", "boolean"),
      created,
      stamp,
      isDeleted,
    ],
    { cadence: "fast", isForFlags: true },
  ),
  stream(
    "CampaignMember",
    [
      field("CampaignId", "text"),
      field("LeadId", "text"),
      field("ContactId", "text"),
      field("HasResponded", "boolean"),
      field("FirstRespondedDate", "date"),
      field("Status", "text"),
      created,
      stamp,
      isDeleted,
    ],
    { cadence: "fast" },
  ),
  stream(
    "Campaign",
    [
      field("Name", "text"),
      field("ParentId", "text"),
      field("Type", "text", optional),
      field("Status", "text", optional),
      field("IsActive", "boolean"),
      field("StartDate", "date"),
      field("EndDate", "date"),
      field("ActualCost", "numeric", optional),
      field("BudgetedCost", "numeric", optional),
      currency,
      created,
      stamp,
      isDeleted,
    ],
    { cadence: "money" },
  ),
  stream("Account", [field("OwnerId", "text"), field("MasterRecordId", "text"), created, stamp, isDeleted], {
    cadence: "money",
  }),
  stream(
    "User",
    [
      field("Name", "text"),
      // The same rep in another CRM.
      field("Email", "text", { keep: "email", need: "optional" }),
      field("IsActive", "boolean"),
      field("UserType", "text"),
      field("ProfileId", "text"),
      field("UserRoleId", "text"),
      field("ManagerId", "text", optional),
      created,
      stamp,
    ],
    { cadence: "slow" },
  ),
  stream(
    "Profile",
    [
      field("Name", "text"),
      field("UserType", "text"),
      field("UserLicenseId", "text", optional),
      field("PermissionsApiUserOnly", "boolean", optional),
      stamp,
    ],
    { cadence: "slow", cursor: "none" },
  ),
  // Users without View Setup do not see licences: then `stg_owner.sql` goes by the profiles that exist only under one.
  stream("UserLicense", [field("Name", "text"), stamp], {
    cadence: "slow",
    cursor: "none",
    mayBeAbsent: true,
  }),
  stream("UserRole", [field("Name", "text"), field("ParentRoleId", "text"), stamp], {
    cadence: "slow",
    cursor: "none",
  }),
  stream("Group", [field("Name", "text"), field("Type", "text"), stamp], { cadence: "slow", cursor: "none" }),
  stream(
    "BusinessHours",
    [
      field("Name", "text"),
      field("IsActive", "boolean"),
      field("IsDefault", "boolean"),
      field("TimeZoneSidKey", "text"),
      ...["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].flatMap((day) => [
        field(`${day}StartTime`, "text"),
        field(`${day}EndTime`, "text"),
      ]),
      stamp,
    ],
    { cadence: "slow", cursor: "none" },
  ),
  stream(
    "Holiday",
    [
      field("Name", "text"),
      field("ActivityDate", "date"),
      field("IsAllDay", "boolean"),
      field("StartTimeInMinutes", "integer"),
      field("EndTimeInMinutes", "integer"),
      field("IsRecurrence", "boolean"),
      field("RecurrenceStartDate", "date"),
      field("RecurrenceEndDateOnly", "date"),
      field("RecurrenceType", "text"),
      field("RecurrenceInterval", "integer"),
      field("RecurrenceDayOfWeekMask", "integer"),
      field("RecurrenceDayOfMonth", "integer"),
      field("RecurrenceInstance", "text"),
      field("RecurrenceMonthOfYear", "text"),
      stamp,
    ],
    { cadence: "slow", cursor: "none" },
  ),
  stream(
    "LeadStatus",
    [
      field("MasterLabel", "text"),
      field("ApiName", "text"),
      field("IsConverted", "boolean"),
      field("IsDefault", "boolean"),
      field("SortOrder", "integer"),
      stamp,
    ],
    { cadence: "slow", cursor: "none" },
  ),
  stream(
    "OpportunityStage",
    [
      field("MasterLabel", "text"),
      field("ApiName", "text"),
      field("IsActive", "boolean"),
      field("IsClosed", "boolean"),
      field("IsWon", "boolean"),
      field("SortOrder", "integer"),
      stamp,
    ],
    { cadence: "slow", cursor: "none" },
  ),
  stream(
    "CurrencyType",
    [
      field("IsoCode", "text"),
      field("ConversionRate", "numeric"),
      field("DecimalPlaces", "integer"),
      field("IsActive", "boolean"),
      field("IsCorporate", "boolean"),
      stamp,
    ],
    { cadence: "slow", cursor: "none", mayBeAbsent: true },
  ),
  stream(
    "DatedConversionRate",
    [
      field("IsoCode", "text"),
      field("ConversionRate", "numeric"),
      field("StartDate", "date"),
      field("NextStartDate", "date"),
      stamp,
    ],
    { cadence: "slow", cursor: "none", mayBeAbsent: true },
  ),
];
