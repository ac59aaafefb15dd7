import { HOUR_MS, MINUTE_MS } from "../../../core/time.ts";
import type { FieldValues } from "../org.ts";
import { dateText, instantText } from "./calendar.ts";
import type { RandomStream } from "./random.ts";
import type { RowBuffer } from "./row-buffer.ts";
import type { Person, Staff } from "./staff.ts";
import type { Touch } from "./story.ts";

/** Whom an activity is about. A converted lead's activities hang on its contact, as conversion moves them there. */
export interface Subject {
  readonly whoId: string;
  readonly whoType: "Lead" | "Contact";
  readonly email: string;
  readonly whatId?: string;
  readonly accountId?: string;
}

const CALL_SUBJECTS = ["Call", "Call: first contact", "Call: follow-up", "Call: budget and timing"] as const;
const MAIL_SUBJECTS = [
  "Email: your request",
  "Email: documents",
  "Email: offer",
  "Email: two dates to choose",
] as const;
const MEETING_SUBJECTS = ["Demo", "Site visit", "Video call: needs", "Meeting: offer"] as const;
const CALL_RESULTS = ["Connected", "No answer", "Left voice mail", "Wrong number"] as const;

function audit(at: number, by: Person): FieldValues {
  const stamp = instantText(at);
  return {
    CreatedDate: stamp,
    CreatedById: by.id,
    LastModifiedDate: stamp,
    LastModifiedById: by.id,
    SystemModstamp: stamp,
  };
}

function references(subject: Subject): FieldValues {
  return { WhoId: subject.whoId, WhatId: subject.whatId ?? null, AccountId: subject.accountId ?? null };
}

/** A closed task, done at `at` by `owner`, written by `writer`. */
function doneTask(
  at: number,
  owner: Person,
  writer: Person,
  subject: Subject,
  fields: FieldValues,
): FieldValues {
  return {
    ...references(subject),
    Status: "Completed",
    IsClosed: true,
    Priority: "Normal",
    OwnerId: owner.id,
    ActivityDate: dateText(at),
    CompletedDateTime: instantText(at),
    ...fields,
    ...audit(at, writer),
  };
}

function addMail(
  rows: RowBuffer,
  touch: Touch,
  subject: Subject,
  random: RandomStream,
  activityId: string | null,
): void {
  const incoming = touch.kind === "reply";
  const title = random.pick(MAIL_SUBJECTS).replace("Email: ", incoming ? "Re: " : "");
  const [from, to] = incoming ? [subject.email, touch.by.email] : [touch.by.email, subject.email];
  const message = rows.add("EmailMessage", {
    Subject: title,
    FromAddress: from,
    FromName: incoming ? null : touch.by.name,
    ToAddress: to,
    Incoming: incoming,
    // 3 Sent; 1 Read.
    Status: incoming ? "1" : "3",
    MessageDate: instantText(touch.at),
    ActivityId: activityId,
    RelatedToId: subject.whatId ?? null,
    ...audit(touch.at, touch.by),
  });
  const relation = (type: string, id: string, object: string, address: string): void => {
    rows.add("EmailMessageRelation", {
      EmailMessageId: message,
      RelationId: id,
      RelationType: type,
      RelationObjectType: object,
      RelationAddress: address,
      ...audit(touch.at, touch.by),
    });
  };
  relation(incoming ? "ToAddress" : "FromAddress", touch.by.id, "User", touch.by.email);
  relation(incoming ? "FromAddress" : "ToAddress", subject.whoId, subject.whoType, subject.email);
}

/**
 * Records of one touch, in the shape the tool that wrote it leaves behind: a call logged by hand, a dialler's task of
 * subtype Task written by the integration user, a mail sent through the CRM (message, relations and task), a mail
 * logged as a task alone, a meeting.
 */
export function addTouch(
  rows: RowBuffer,
  touch: Touch,
  subject: Subject,
  staff: Staff,
  random: RandomStream,
): void {
  const { at, by, kind } = touch;
  switch (kind) {
    case "call":
    case "inbound call":
      rows.add(
        "Task",
        doneTask(at, by, by, subject, {
          Subject: kind === "call" ? random.pick(CALL_SUBJECTS) : "Call: they rang",
          TaskSubtype: "Call",
          Type: "Call",
          CallType: kind === "call" ? "Outbound" : "Inbound",
          CallDurationInSeconds: random.whole(15, 1_500),
          CallDisposition: kind === "call" ? random.pick(CALL_RESULTS) : "Connected",
        }),
      );
      return;
    case "dialler":
      rows.add(
        "Task",
        doneTask(at, by, staff.robot, subject, {
          Subject: "Outbound call",
          TaskSubtype: "Task",
          CallDurationInSeconds: random.whole(0, 900),
          CallDisposition: random.pick(CALL_RESULTS),
        }),
      );
      return;
    case "mailed": {
      const task = rows.add(
        "Task",
        doneTask(at, by, by, subject, {
          Subject: random.pick(MAIL_SUBJECTS),
          TaskSubtype: "Email",
          Type: "Email",
        }),
      );
      addMail(rows, touch, subject, random, task);
      return;
    }
    case "reply":
      addMail(rows, touch, subject, random, null);
      return;
    case "email":
      rows.add(
        "Task",
        doneTask(at, by, by, subject, {
          Subject: random.pick(MAIL_SUBJECTS),
          TaskSubtype: "Email",
          Type: "Email",
        }),
      );
      return;
    case "linkedin":
      rows.add(
        "Task",
        doneTask(at, by, by, subject, { Subject: "LinkedIn message", TaskSubtype: "LinkedIn" }),
      );
      return;
    case "meeting":
    case "cancelled":
      addMeeting(rows, at, at - random.between(4, 70) * HOUR_MS, touch, subject, random);
      return;
  }
}

/** An event that starts at `at` (perhaps ahead) and was put into the calendar at `bookedAt`. */
export function addMeeting(
  rows: RowBuffer,
  at: number,
  bookedAt: number,
  touch: Touch,
  subject: Subject,
  random: RandomStream,
): void {
  const minutes = random.pick([30, 45, 60]);
  const title = random.pick(MEETING_SUBJECTS);
  rows.add("Event", {
    ...references(subject),
    Subject: touch.kind === "cancelled" ? `Canceled: ${title}` : title,
    Type: "Meeting",
    OwnerId: touch.by.id,
    IsAllDayEvent: false,
    StartDateTime: instantText(at),
    EndDateTime: instantText(at + minutes * MINUTE_MS),
    ActivityDateTime: instantText(at),
    ActivityDate: dateText(at),
    DurationInMinutes: minutes,
    ...audit(bookedAt, touch.by),
  });
}

/** What machines write: marketing sends, steps of sequences, list mails. None of it is a person's attempt. */
interface MachineTask {
  readonly subject: string;
  readonly subtype: "Task" | "Email" | "ListEmail";
  readonly owner: "robot" | "rep" | "marketer";
  readonly writer: "robot" | "marketer";
}

const MACHINE_TASKS: readonly [MachineTask, ...MachineTask[]] = [
  { subject: "Marketo: Sent Email Product news", subtype: "Task", owner: "robot", writer: "robot" },
  { subject: "Pardot Email: Price list download", subtype: "Task", owner: "robot", writer: "robot" },
  { subject: "HubSpot: Sent marketing email Spring update", subtype: "Task", owner: "rep", writer: "robot" },
  { subject: "Marketo: Opened Email Product news", subtype: "Task", owner: "robot", writer: "robot" },
  {
    subject: "[Outreach] [Sequence] Step 2: nobody at home?",
    subtype: "Email",
    owner: "rep",
    writer: "robot",
  },
  {
    subject: "List Email: Invitation to the webinar",
    subtype: "ListEmail",
    owner: "marketer",
    writer: "marketer",
  },
];

/** One machine-made task, or now and then an open reminder of the rep's own. */
export function addMachineTask(
  rows: RowBuffer,
  at: number,
  rep: Person,
  subject: Subject,
  staff: Staff,
  random: RandomStream,
): void {
  if (random.chance(0.06)) {
    rows.add("Task", {
      ...references(subject),
      Subject: "Reminder: call back",
      Status: "Not Started",
      IsClosed: false,
      Priority: "Normal",
      TaskSubtype: "Task",
      OwnerId: rep.id,
      ActivityDate: dateText(at + 72 * HOUR_MS),
      ...audit(at, rep),
    });
    return;
  }
  const people = { robot: staff.robot, marketer: staff.marketer, rep };
  const { subject: title, subtype, owner, writer } = random.pick(MACHINE_TASKS);
  rows.add(
    "Task",
    doneTask(at, people[owner], people[writer], subject, {
      Subject: title,
      TaskSubtype: subtype,
      Type: subtype === "Task" ? "Email" : null,
    }),
  );
}
