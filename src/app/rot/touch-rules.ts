import type { WireValue } from "../../core/ports.ts";

/** HubSpot's types of engagements that can be a touch. */
export const ENGAGEMENTS = ["calls", "emails", "meetings", "tasks", "communications"] as const;
export type EngagementType = (typeof ENGAGEMENTS)[number];

const COMMON = ["hs_timestamp", "hubspot_owner_id", "hs_created_by_user_id", "hs_object_source"] as const;

/** Properties that the rules look at, and the one whose text patterns are held against. */
export const ENGAGEMENT_PROPERTIES: Readonly<
  Record<EngagementType, { readonly fields: readonly string[]; readonly subject: string | null }>
> = {
  calls: {
    fields: [...COMMON, "hs_createdate", "hs_call_direction", "hs_call_status"],
    subject: "hs_call_title",
  },
  emails: {
    fields: [...COMMON, "hs_createdate", "hs_email_direction", "hs_email_status"],
    subject: "hs_email_subject",
  },
  meetings: {
    fields: [
      ...COMMON,
      "hs_createdate",
      "hs_meeting_outcome",
      "hs_meeting_start_time",
      "hs_meeting_end_time",
    ],
    subject: "hs_meeting_title",
  },
  tasks: {
    fields: [...COMMON, "hs_task_type", "hs_task_status", "hs_task_completion_date", "hs_lastmodifieddate"],
    subject: "hs_task_subject",
  },
  communications: { fields: [...COMMON, "hs_createdate", "hs_communication_channel_type"], subject: null },
};

/** An engagement as HubSpot has it, and what the patterns say of its subject. */
export interface Engagement {
  readonly type: EngagementType;
  readonly values: Readonly<Record<string, WireValue>>;
  readonly isAutomated: boolean;
  readonly isCancelled: boolean;
}

/** `unknown`: an e-mail of which HubSpot withholds what it is; it may be a touch or none. */
export type Verdict =
  | {
      readonly counts: "yes";
      readonly at: Date;
      readonly ownerId: string | null;
      readonly userId: string | null;
    }
  | { readonly counts: "no" | "unknown" };

export interface RuleContext {
  /** The CRM's clock. */
  readonly now: Date;
  /** Lower case. */
  readonly taskTypes: readonly string[];
}

const NO: Verdict = { counts: "no" };

/**
 * Whether an engagement is a recorded, outbound, human attempt, as far as it tells by itself: the rules of the model
 * `stg_activity` of HubSpot, which a test holds this to. By whom it counts is decided with the owners.
 */
export function judgeEngagement(
  { type, values, isAutomated, isCancelled }: Engagement,
  rules: RuleContext,
): Verdict {
  const text = (name: string): string => String(values[name] ?? "");
  const at = (...names: readonly string[]): Date | null => firstInstant(names.map(text));
  if (isAutomated || text("hs_object_source") === "AUTOMATION_PLATFORM") return NO;
  const yes = (instant: Date | null): Verdict =>
    instant === null || instant > rules.now
      ? NO
      : {
          counts: "yes",
          at: instant,
          ownerId: text("hubspot_owner_id") || null,
          userId: text("hs_created_by_user_id") || null,
        };
  switch (type) {
    case "calls": {
      const isOpen = ["QUEUED", "SCHEDULED"].includes(text("hs_call_status"));
      return text("hs_call_direction") === "INBOUND" || isOpen
        ? NO
        : yes(at("hs_timestamp", "hs_createdate"));
    }
    case "emails": {
      const [direction, status] = [text("hs_email_direction"), text("hs_email_status")];
      // What came in, or is a draft, is none whatever its status: drafts have no status at all.
      if (!isWithheld(direction) && direction !== "EMAIL") return NO;
      if (isWithheld(direction) || isWithheld(status)) return { counts: "unknown" };
      return status === "SENT" ? yes(at("hs_timestamp", "hs_createdate")) : NO;
    }
    case "meetings": {
      const outcome = text("hs_meeting_outcome") || "SCHEDULED";
      const end = at("hs_meeting_end_time", "hs_meeting_start_time", "hs_timestamp", "hs_createdate");
      const hasEnded = end !== null && end <= rules.now;
      return isCancelled || !hasEnded || !["COMPLETED", "SCHEDULED"].includes(outcome)
        ? NO
        : yes(at("hs_meeting_start_time", "hs_timestamp", "hs_createdate"));
    }
    case "tasks": {
      const isDone = text("hs_task_status") === "COMPLETED";
      return isDone && rules.taskTypes.includes(text("hs_task_type").toLowerCase())
        ? yes(at("hs_task_completion_date", "hs_lastmodifieddate"))
        : NO;
    }
    case "communications":
      return text("hubspot_owner_id") === "" && text("hs_created_by_user_id") === ""
        ? NO
        : yes(at("hs_timestamp", "hs_createdate"));
  }
}

/** How HubSpot withholds a value is not confirmed: an empty one and one that says so both count. */
function isWithheld(value: string): boolean {
  return value === "" || /redacted/i.test(value);
}

/** ISO text, or milliseconds. */
function firstInstant(texts: readonly string[]): Date | null {
  for (const text of texts) {
    const instant = new Date(/^\d+$/.test(text) ? Number(text) : text);
    if (text !== "" && !Number.isNaN(instant.getTime())) return instant;
  }
  return null;
}
