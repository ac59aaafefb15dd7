import type { RandomStream } from "../../salesforce/company/random.ts";
import { LEAD_STATUSES } from "../../salesforce/company/setup-rows.ts";
import type { LeadStory } from "../../salesforce/company/story.ts";
import { historyRows, ownerSteps, type Step } from "./portal-history.ts";
import type { PortalOwners } from "./portal-owners.ts";
import { filled, instantText, type PortalRow } from "./portal-rows.ts";

/** Stages of the lead pipeline that every portal starts with; a lead put off is closed there too, with a reason. */
const STAGES: Readonly<Record<string, string>> = {
  [LEAD_STATUSES.fresh]: "new-stage-id",
  [LEAD_STATUSES.working]: "attempting-stage-id",
  [LEAD_STATUSES.converted]: "qualified-stage-id",
  [LEAD_STATUSES.nurture]: "unqualified-stage-id",
  [LEAD_STATUSES.unqualified]: "unqualified-stage-id",
  [LEAD_STATUSES.closed]: "unqualified-stage-id",
};
const CONNECTED = "connected-stage-id";

const REASONS: Readonly<Record<string, string>> = {
  [LEAD_STATUSES.nurture]: "NO_BUDGET",
  [LEAD_STATUSES.unqualified]: "NO_FIT",
  [LEAD_STATUSES.closed]: "UNRESPONSIVE",
};

const LEAD_STATUS_OF: Readonly<Record<string, string>> = {
  [LEAD_STATUSES.fresh]: "NEW",
  [LEAD_STATUSES.working]: "ATTEMPTED_TO_CONTACT",
  [LEAD_STATUSES.converted]: "OPEN_DEAL",
  [LEAD_STATUSES.nurture]: "BAD_TIMING",
  [LEAD_STATUSES.unqualified]: "UNQUALIFIED",
  [LEAD_STATUSES.closed]: "UNQUALIFIED",
};

/** The stages of a lead; an answer while it is being tried makes it connected. */
function stageSteps(story: LeadStory): readonly Step[] {
  const steps: Step[] = [
    { value: STAGES[LEAD_STATUSES.fresh] ?? "", at: story.created, by: null },
    ...story.statuses.map(({ at, to, by }) => ({ value: STAGES[to] ?? "", at, by })),
  ];
  const answer = story.touches.find(({ kind }) => kind === "reply" || kind === "inbound call");
  const tried = steps.findIndex(({ value }) => value === STAGES[LEAD_STATUSES.working]);
  const next = steps[tried + 1];
  if (answer === undefined || tried === -1) return steps;
  const isMeanwhile = answer.at > (steps[tried]?.at ?? 0) && (next === undefined || answer.at < next.at);
  if (!isMeanwhile) return steps;
  const connected = { value: CONNECTED, at: answer.at, by: answer.by };
  return [...steps.slice(0, tried + 1), connected, ...steps.slice(tried + 1)];
}

/** What the contact's own status property says meanwhile. */
export function leadStatusSteps(story: LeadStory): readonly Step[] {
  return [
    { value: "NEW", at: story.created, by: null },
    ...story.statuses.map(({ at, to, by }) => ({ value: LEAD_STATUS_OF[to] ?? "OPEN", at, by })),
  ];
}

function label(story: LeadStory, random: RandomStream): string {
  const conversion = story.campaign?.conversion ?? 0.12;
  const draw = random.next();
  return conversion * (0.6 + draw) > 0.25 ? "HOT" : conversion * (0.6 + draw) > 0.1 ? "WARM" : "COLD";
}

/** A lead object: one inquiry of a person, handed to a rep. */
export function leadRow(
  lead: { readonly id: string; readonly name: string; readonly contact: string; readonly company: string },
  story: LeadStory,
  owners: PortalOwners,
  until: number,
  random: RandomStream,
): PortalRow {
  const ownedBy = ownerSteps(story, owners);
  const stages = stageSteps(story).filter(({ at }) => at < until);
  const status = story.statuses.at(-1)?.to ?? LEAD_STATUSES.fresh;
  const changed = Math.max(story.created, ...[...ownedBy, ...stages].map(({ at }) => at));
  const { removal } = story;
  return {
    id: lead.id,
    createdAt: instantText(story.created),
    updatedAt: instantText(removal?.at ?? changed),
    properties: filled({
      hs_lead_name: lead.name,
      hs_lead_type: "NEW_BUSINESS",
      hs_lead_label: label(story, random),
      hs_pipeline: "lead-pipeline-id",
      hs_pipeline_stage: stages.at(-1)?.value ?? null,
      hs_lead_disqualification_reason: REASONS[status] ?? null,
      hubspot_owner_id: ownedBy.at(-1)?.value ?? null,
    }),
    propertiesWithHistory: {
      hs_pipeline_stage: historyRows(stages, owners),
      ...(ownedBy.length === 0 ? {} : { hubspot_owner_id: historyRows(ownedBy, owners) }),
    },
    associations: { contacts: [lead.contact], companies: [lead.company] },
    ...(removal === null ? {} : { archived: true, archivedAt: instantText(removal.at) }),
  };
}
