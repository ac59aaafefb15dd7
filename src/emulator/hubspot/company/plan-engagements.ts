import { HOUR_MS, MINUTE_MS } from "../../../core/time.ts";
import type { RandomStream } from "../../salesforce/company/random.ts";

export interface Target {
  readonly type: "contacts" | "leads" | "deals";
  readonly id: string;
}

interface EngagementStory {
  readonly owner: string;
  readonly from: number;
  /** Records that each engagement is logged on. */
  readonly targets: readonly Target[];
}

interface PlannedEngagement {
  readonly type: string;
  readonly row: Record<string, unknown>;
}

type Kind = readonly [type: string, weight: number, properties: Readonly<Record<string, string>>];

const KINDS: readonly [Kind, ...Kind[]] = [
  ["calls", 30, { hs_call_direction: "OUTBOUND", hs_call_status: "COMPLETED", hs_call_duration: "120000" }],
  ["emails", 35, { hs_email_direction: "EMAIL", hs_email_status: "SENT", hs_email_subject: "Following up" }],
  ["tasks", 15, { hs_task_subject: "Call back", hs_task_status: "NOT_STARTED", hs_task_type: "CALL" }],
  ["notes", 10, { hs_note_body: "Spoke about the offer" }],
  ["meetings", 8, { hs_meeting_title: "Demo", hs_meeting_outcome: "COMPLETED" }],
  [
    "communications",
    2,
    { hs_communication_channel_type: "LINKEDIN_MESSAGE", hs_communication_logged_from: "CRM" },
  ],
];

const TOTAL = KINDS.reduce((sum, [, weight]) => sum + weight, 0);

function drawKind(random: RandomStream): Kind {
  let left = random.next() * TOTAL;
  return KINDS.find(([, weight]) => (left -= weight) < 0) ?? KINDS[0];
}

/** From none to six, three on average: one contact in six is never touched. The first comes within hours or days. */
export function* planEngagements(
  story: EngagementStory,
  now: number,
  random: RandomStream,
  takeId: () => string,
): Generator<PlannedEngagement> {
  const count = random.chance(1 / 6) ? 0 : random.whole(1, 6);
  let at = story.from + Math.round(random.skewed(3, 1.2) * HOUR_MS);
  for (let index = 0; index < count && at < now - MINUTE_MS; index++) {
    const [type, , properties] = drawKind(random);
    const stamp = new Date(at).toISOString();
    const associations: Record<string, readonly string[]> = {};
    for (const target of story.targets) associations[target.type] = [target.id];
    yield {
      type,
      row: {
        id: takeId(),
        createdAt: stamp,
        properties: { hs_timestamp: stamp, hubspot_owner_id: story.owner, ...properties },
        associations,
      },
    };
    at += Math.round(random.skewed(60, 0.9) * HOUR_MS);
  }
}
