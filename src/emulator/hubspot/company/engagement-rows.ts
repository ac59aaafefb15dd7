import { HOUR_MS, MINUTE_MS } from "../../../core/time.ts";
import type { RandomStream } from "../../salesforce/company/random.ts";
import type { Owner as Holder, Touch, TouchKind } from "../../salesforce/company/story.ts";
import type { PortalOwners } from "./portal-owners.ts";
import { type EngagementType, filled, instantText, type PortalRows } from "./portal-rows.ts";

/** Records that an engagement is logged on, by type. */
export type Logged = Readonly<Partial<Record<"contacts" | "leads" | "deals", readonly string[]>>>;

interface Engagement {
  readonly type: EngagementType;
  readonly properties: Readonly<Record<string, string | null>>;
  /** When it was entered; where left out, when it happened. */
  readonly entered?: number;
}

/** HubSpot's own dispositions of a call that was tried: connected, no answer, voicemail, wrong number. */
const TRIED: readonly [string, ...string[]] = [
  "f240bbac-87c9-4f6e-bf70-924b57d47db7",
  "73a0d17f-1163-4015-bdd5-ec830791da20",
  "b2cf5968-551e-4856-9783-52b3da59a7d0",
  "17b47fee-58de-441e-a44c-c6300d46f273",
];
const CONNECTED = TRIED[0];
const MAIL_SUBJECTS = ["Your request", "Documents", "Offer", "Two dates to choose"] as const;
const MEETINGS = ["Demo", "Site visit", "Video call: needs", "Meeting: offer"] as const;

function call(direction: "INBOUND" | "OUTBOUND", title: string, random: RandomStream): Engagement {
  const disposition = direction === "INBOUND" ? CONNECTED : random.pick(TRIED);
  return {
    type: "calls",
    properties: {
      hs_call_title: title,
      hs_call_direction: direction,
      hs_call_disposition: disposition,
      hs_call_status: "COMPLETED",
      hs_call_duration: String(random.whole(5, 900) * 1_000),
    },
  };
}

function mail(incoming: boolean, random: RandomStream): Engagement {
  const subject = random.pick(MAIL_SUBJECTS);
  return {
    type: "emails",
    properties: {
      hs_email_subject: incoming ? `Re: ${subject}` : subject,
      hs_email_direction: incoming ? "INCOMING_EMAIL" : "EMAIL",
      hs_email_status: incoming ? null : "SENT",
    },
  };
}

function meeting(at: number, isCancelled: boolean, random: RandomStream): Engagement {
  const title = random.pick(MEETINGS);
  const end = at + random.pick([30, 45, 60]) * MINUTE_MS;
  // Many reps never say how it went: it counts as held once it has ended.
  const outcome = isCancelled ? "CANCELED" : random.chance(0.7) ? "COMPLETED" : null;
  return {
    type: "meetings",
    properties: {
      hs_meeting_title: title,
      hs_meeting_start_time: instantText(at),
      hs_meeting_end_time: instantText(end),
      hs_meeting_outcome: outcome,
    },
    entered: at - random.between(4, 70) * HOUR_MS,
  };
}

function engagementOf(kind: TouchKind, at: number, random: RandomStream): Engagement {
  switch (kind) {
    case "call":
      return call("OUTBOUND", "Call", random);
    case "dialler": {
      const dialled = call("OUTBOUND", "Outbound call", random);
      return { ...dialled, properties: { ...dialled.properties, hs_object_source: "INTEGRATION" } };
    }
    case "inbound call":
      return call("INBOUND", "They rang", random);
    case "mailed":
    case "email":
      return mail(false, random);
    case "reply":
      return mail(true, random);
    case "linkedin":
      return {
        type: "communications",
        properties: {
          hs_communication_channel_type: "LINKEDIN_MESSAGE",
          hs_communication_logged_from: "CRM",
        },
      };
    case "meeting":
    case "cancelled":
      return meeting(at, kind === "cancelled", random);
  }
}

function write(
  rows: PortalRows,
  engagement: Engagement,
  what: { readonly at: number; readonly by: Holder; readonly on: Logged },
  owners: PortalOwners,
): void {
  const user = owners.userOf(what.by);
  const entered = instantText(Math.floor(engagement.entered ?? what.at));
  rows.add(engagement.type, {
    id: rows.reserve(engagement.type),
    createdAt: entered,
    updatedAt: entered,
    properties: filled({
      hs_timestamp: instantText(Math.floor(what.at)),
      hubspot_owner_id: owners.ownerOf(what.by),
      hs_created_by_user_id: user === null ? null : String(user),
      hs_object_source: "CRM_UI",
      ...engagement.properties,
    }),
    associations: what.on,
  });
}

/** A touch as the portal keeps it: a call, e-mail, meeting or message on the person and what it was about. */
export function addEngagement(
  rows: PortalRows,
  touch: Touch,
  on: Logged,
  owners: PortalOwners,
  random: RandomStream,
): void {
  write(rows, engagementOf(touch.kind, touch.at, random), { at: touch.at, by: touch.by, on }, owners);
}

/** What fills a record's timeline and is nobody's attempt to reach anybody. */
const NOISE: readonly [Engagement, ...Engagement[]] = [
  { type: "notes", properties: { hs_note_body: "Looked at the website" } },
  { type: "notes", properties: { hs_note_body: "Asked a colleague about the firm" } },
  {
    type: "tasks",
    properties: { hs_task_subject: "Call back", hs_task_status: "NOT_STARTED", hs_task_type: "CALL" },
  },
  {
    type: "tasks",
    properties: { hs_task_subject: "Research the firm", hs_task_status: "COMPLETED", hs_task_type: "TODO" },
  },
  {
    type: "emails",
    properties: {
      hs_email_subject: "Our catalogue",
      hs_email_direction: "EMAIL",
      hs_email_status: "BOUNCED",
    },
  },
  {
    type: "emails",
    properties: { hs_email_subject: "Draft of an offer", hs_email_direction: "DRAFT_EMAIL" },
  },
];

export function addNoise(
  rows: PortalRows,
  what: { readonly at: number; readonly by: Holder; readonly on: Logged },
  owners: PortalOwners,
  random: RandomStream,
): void {
  write(rows, random.pick(NOISE), what, owners);
}
