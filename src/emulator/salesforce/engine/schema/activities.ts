/** Tasks, events and e-mails. */
import type { FieldDef, ObjectDef } from "./definitions.ts";
import {
  currencyCode,
  date,
  derived,
  email,
  field,
  flag,
  indexed,
  instant,
  integer,
  longText,
  named,
  object,
  picklist,
  readOnly,
  reference,
  required,
  text,
} from "./fields.ts";

const WHAT_TARGETS = ["Account", "Campaign", "Opportunity"];

function who(childRelationshipName: string): FieldDef {
  return indexed(
    reference("WhoId", ["Contact", "Lead"], { label: "Name ID", childRelationshipName, isCascade: true }),
  );
}
function what(childRelationshipName: string): FieldDef {
  return indexed(
    reference("WhatId", WHAT_TARGETS, { label: "Related To ID", childRelationshipName, isCascade: true }),
  );
}
const subject = () => named(text("Subject", 255, { describeType: "combobox" }));

export const TASK: ObjectDef = object("Task", "00T", [
  reference("RecordTypeId", ["RecordType"]),
  who("Tasks"),
  what("Tasks"),
  readOnly(integer("WhoCount")),
  readOnly(integer("WhatCount")),
  subject(),
  date("ActivityDate", { label: "Due Date Only" }),
  picklist("Status", [], { isNillable: false }),
  picklist("Priority", ["High", "Normal", "Low"], { isNillable: false, defaultValue: "Normal" }),
  readOnly(flag("IsHighPriority", { label: "High Priority" })),
  reference("OwnerId", ["Group", "User"], { isNillable: false, label: "Assigned To ID" }),
  longText("Description", 32_000),
  currencyCode(),
  picklist("Type", ["Call", "Meeting", "Other", "Email"], { length: 40 }),
  indexed(readOnly(reference("AccountId", ["Account"]))),
  readOnly(flag("IsClosed", { label: "Closed" })),
  derived(flag("IsArchived", { label: "Archived" }), "is_archived"),
  flag("IsVisibleInSelfService"),
  integer("CallDurationInSeconds", { label: "Call Duration" }),
  picklist("CallType", ["Internal", "Inbound", "Outbound"], { length: 40 }),
  text("CallDisposition", 255, { label: "Call Result" }),
  text("CallObject", 255),
  instant("ReminderDateTime"),
  flag("IsReminderSet"),
  readOnly(reference("RecurrenceActivityId", ["Task"])),
  flag("IsRecurrence"),
  picklist("TaskSubtype", ["Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn"], {
    length: 40,
    defaultValue: "Task",
    isUpdateable: false,
  }),
  readOnly(instant("CompletedDateTime")),
]);

export const EVENT: ObjectDef = object("Event", "00U", [
  reference("RecordTypeId", ["RecordType"]),
  who("Events"),
  what("Events"),
  readOnly(integer("WhoCount")),
  readOnly(integer("WhatCount")),
  subject(),
  text("Location", 255),
  flag("IsAllDayEvent"),
  instant("ActivityDateTime", { label: "Due Date Time" }),
  date("ActivityDate", { label: "Due Date Only" }),
  integer("DurationInMinutes", { label: "Duration" }),
  instant("StartDateTime"),
  instant("EndDateTime"),
  date("EndDate"),
  longText("Description", 32_000),
  indexed(readOnly(reference("AccountId", ["Account"]))),
  reference("OwnerId", ["User"], { isNillable: false, label: "Assigned To ID" }),
  currencyCode(),
  picklist("Type", ["Email", "Meeting", "Other", "Call"], { length: 40 }),
  flag("IsPrivate", { label: "Private" }),
  picklist("ShowAs", ["Busy", "OutOfOffice", "Free"], { length: 40, defaultValue: "Busy" }),
  readOnly(flag("IsChild")),
  readOnly(flag("IsGroupEvent")),
  readOnly(picklist("GroupEventType", ["0", "1", "2"], { length: 40, defaultValue: "0" })),
  derived(flag("IsArchived", { label: "Archived" }), "is_archived"),
  readOnly(reference("RecurrenceActivityId", ["Event"])),
  flag("IsRecurrence"),
  instant("ReminderDateTime"),
  flag("IsReminderSet"),
  readOnly(picklist("EventSubtype", ["Event"], { length: 40, defaultValue: "Event" })),
]);

/** Status is a picklist of digits: 0 New, 1 Read, 2 Replied, 3 Sent, 4 Forwarded, 5 Draft. */
export const EMAIL_MESSAGE: ObjectDef = object("EmailMessage", "02s", [
  indexed(reference("ParentId", ["Case"])),
  indexed(reference("ActivityId", ["Task"])),
  longText("TextBody", 131_072),
  longText("HtmlBody", 131_072),
  longText("Headers", 131_072),
  named(text("Subject", 3_000)),
  text("FromName", 1_000),
  email("FromAddress", { length: 1_000 }),
  text("ValidatedFromAddress", 1_000),
  longText("ToAddress", 4_000),
  longText("CcAddress", 4_000),
  longText("BccAddress", 4_000),
  flag("Incoming", { label: "Is Incoming" }),
  readOnly(flag("HasAttachment")),
  picklist("Status", ["0", "1", "2", "3", "4", "5"], { isNillable: false, length: 40 }),
  instant("MessageDate"),
  indexed(text("MessageIdentifier", 765)),
  indexed(text("ThreadIdentifier", 765)),
  flag("IsClientManaged"),
  indexed(reference("RelatedToId", [...WHAT_TARGETS, "Lead", "Contact"])),
  readOnly(flag("IsTracked")),
  readOnly(flag("IsOpened")),
  readOnly(instant("FirstOpenedDate")),
  readOnly(instant("LastOpenedDate")),
  readOnly(flag("IsBounced")),
  reference("EmailTemplateId", ["EmailTemplate"]),
  flag("IsExternallyVisible"),
]);

export const EMAIL_MESSAGE_RELATION: ObjectDef = object("EmailMessageRelation", "0de", [
  required(indexed(reference("EmailMessageId", ["EmailMessage"], { isCascade: true }))),
  indexed(reference("RelationId", ["Contact", "Lead", "User"])),
  required(picklist("RelationType", ["ToAddress", "CcAddress", "BccAddress", "FromAddress", "OtherAddress"])),
  field("RelationAddress", "string", { length: 1_000 }),
  picklist("RelationObjectType", ["Contact", "Lead", "User"], { isCreateable: false, isUpdateable: false }),
]);

function relation(name: string, keyPrefix: string, activity: string): ObjectDef {
  return object(name, keyPrefix, [
    required(indexed(reference(`${activity}Id`, [activity], { isCascade: true }))),
    indexed(reference("RelationId", ["Contact", "Lead", ...WHAT_TARGETS])),
    flag("IsWhat"),
    indexed(readOnly(reference("AccountId", ["Account"]))),
  ]);
}
export const TASK_RELATION: ObjectDef = relation("TaskRelation", "0RT", "Task");
export const EVENT_RELATION: ObjectDef = relation("EventRelation", "0RE", "Event");
