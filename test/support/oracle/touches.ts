import type { Settings } from "../../../src/core/settings.ts";
import type { Owners } from "./owners.ts";
import {
  amount,
  type CompanyRows,
  everything,
  flag,
  groupBy,
  instant,
  living,
  must,
  mustInstant,
  text,
  type VendorRow,
} from "./vendor-rows.ts";

/** A recorded, outbound attempt by a rep (definitions 3). */
export interface Touch {
  readonly at: number;
  readonly by: string;
}

/** Touches of each lead by as_of, earliest first; a converted lead's hang on its contact. */
export function touchesByLead(
  rows: CompanyRows,
  settings: Settings,
  owners: Owners,
  asOf: number,
): ReadonlyMap<string, readonly Touch[]> {
  const byRecord = touchesByRecord(rows, settings, owners, asOf);
  const byLead = new Map<string, readonly Touch[]>();
  for (const lead of everything(rows, "Lead")) {
    const leadId = must(lead, "Id");
    const contact = flag(lead, "IsConverted") ? text(lead, "ConvertedContactId") : null;
    const ids = contact === null ? [leadId] : [leadId, contact];
    const touches = ids.flatMap((id) => byRecord.get(id) ?? []);
    byLead.set(
      leadId,
      touches.toSorted((a, b) => a.at - b.at),
    );
  }
  return byLead;
}

/** Touches by the record they hang on: a lead, a contact, or an opportunity. */
export function touchesByRecord(
  rows: CompanyRows,
  settings: Settings,
  owners: Owners,
  asOf: number,
): ReadonlyMap<string, readonly Touch[]> {
  const found: { readonly on: string; readonly touch: Touch }[] = [];
  const add = (on: readonly (string | null)[], at: number, by: string | null): void => {
    // touch.by anyone: of whoever is a rep. The other two switches are not worked here.
    if (by === null || !owners.isRep(by) || at > asOf) return;
    for (const record of on) if (record !== null) found.push({ on: record, touch: { at, by } });
  };
  const matches = (patterns: readonly string[], row: VendorRow): boolean =>
    patterns.some((pattern) => new RegExp(pattern, "i").test(text(row, "Subject") ?? ""));
  const isMachine = (row: VendorRow): boolean =>
    owners.isIntegration(text(row, "CreatedById") ?? "") || matches(settings.touch.automatedSubjects, row);

  // An e-mail that was logged is a task and a message: one act is one touch, and the message knows more of it.
  const mailed = new Set(living(rows, "EmailMessage").map((mail) => text(mail, "ActivityId")));
  for (const task of living(rows, "Task")) {
    if (!flag(task, "IsClosed") || mailed.has(must(task, "Id"))) continue;
    const hasCallFields =
      text(task, "CallType") !== null ||
      amount(task, "CallDurationInSeconds") !== null ||
      text(task, "CallDisposition") !== null;
    const subtype = text(task, "TaskSubtype") ?? "";
    const isAttempt =
      ["Call", "Email", "LinkedIn"].includes(subtype) ||
      hasCallFields ||
      settings.touch.taskTypes.includes(text(task, "Type") ?? "");
    if (!isAttempt || subtype === "ListEmail") continue;
    if (["Inbound", "Internal"].includes(text(task, "CallType") ?? "")) continue;
    // A dialler writes as a machine, but the call was a person's.
    if (!hasCallFields && isMachine(task)) continue;
    add(
      [text(task, "WhoId"), text(task, "WhatId")],
      instant(task, "CompletedDateTime") ?? mustInstant(task, "CreatedDate"),
      text(task, "OwnerId"),
    );
  }

  for (const event of living(rows, "Event")) {
    if (matches(settings.touch.cancelledSubjects, event) || isMachine(event)) continue;
    const ends = instant(event, "EndDateTime") ?? mustInstant(event, "StartDateTime");
    // Dated by its start, but only once it is over.
    if (ends > asOf) continue;
    add(
      [text(event, "WhoId"), text(event, "WhatId")],
      mustInstant(event, "StartDateTime"),
      text(event, "OwnerId"),
    );
  }

  const relations = groupBy(living(rows, "EmailMessageRelation"), (row) => text(row, "EmailMessageId"));
  const tasks = new Map(living(rows, "Task").map((task) => [must(task, "Id"), task]));
  for (const mail of living(rows, "EmailMessage")) {
    // 2 replied, 3 sent, 4 forwarded: what went out; 5 is a draft.
    const wasSent = ["2", "3", "4"].includes(text(mail, "Status") ?? "");
    if (flag(mail, "Incoming") || !wasSent || flag(mail, "IsBounced") || isMachine(mail)) continue;
    const related = relations.get(must(mail, "Id")) ?? [];
    const from = related.find(
      (row) => text(row, "RelationType") === "FromAddress" && text(row, "RelationObjectType") === "User",
    );
    const by = text(from ?? {}, "RelationId") ?? text(mail, "CreatedById");
    const people = new Set(
      related
        .filter((row) => ["Lead", "Contact"].includes(text(row, "RelationObjectType") ?? ""))
        .map((row) => must(row, "RelationId")),
    );
    const activity = text(tasks.get(text(mail, "ActivityId") ?? "") ?? {}, "WhoId");
    if (activity !== null) people.add(activity);
    add(
      [...people, text(mail, "RelatedToId")],
      instant(mail, "MessageDate") ?? mustInstant(mail, "CreatedDate"),
      by,
    );
  }
  return new Map(
    [...groupBy(found, ({ on }) => on)].flatMap(([on, own]) =>
      on === null ? [] : [[on, own.map(({ touch }) => touch)] as const],
    ),
  );
}
