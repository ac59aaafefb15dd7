import { campaignTarget } from "../campaign.ts";
import { handoffTarget } from "../handoff.ts";
import { metricTarget, type TargetMetric } from "../metric.ts";
import { opportunityTarget } from "../opportunity.ts";
import { CHECKBOX, stored, type TargetObject } from "../target.ts";
import { hubspotName, propertiesOf } from "./from-salesforce.ts";
import { personTarget } from "./people.ts";

/** Which record a portal's handoffs hang on; null where nothing has been computed yet. */
export type HubspotUnit = "leads" | "contacts" | null;

const dealTarget: TargetObject = {
  ...opportunityTarget,
  crm: "hubspot",
  object: "deals",
  label: "Deal",
  pluralLabel: "Deals",
  keyField: "hs_object_id",
  fields: [
    ...propertiesOf(opportunityTarget, {
      original_source:
        "Source of the person who brought the deal, as first seen; else its own. Kept while it is open.",
      original_campaign_id:
        "Id of the campaign of the first marketing touch before the deal was created, as first seen.",
    }),
    stored(
      {
        name: "ripeline_stalled",
        label: "Stalled",
        help: "Open, with no recorded touch and no change of stage for the stage's number of days. Written when it turns.",
      },
      CHECKBOX,
      "stalled",
    ),
  ],
};

/** A custom object of ours: same rows, same words; ids of people and campaigns are texts. */
function ownObject(target: TargetObject, words: Readonly<Record<string, string>>): TargetObject {
  return {
    ...target,
    crm: "hubspot",
    object: hubspotName(target.object),
    nameFormat: null,
    keyField: hubspotName(target.keyField),
    // Owners are nobody's but the portal's people's, also on our own records.
    standardFields: [],
    listViews: [],
    fields: propertiesOf(target, words),
  };
}

/**
 * Every object and property ripeline can have in a HubSpot portal, in the order in which rows are written: flags first.
 * Which of them a portal has depends on its plan: see `provisionedTargets`.
 * @param unit with leads as the unit, a contact carries the state of its worst open lead; else what an earlier unit left on
 *   leads is cleared
 */
export function hubspotTargets(options: {
  readonly catalog: readonly TargetMetric[];
  readonly unit: HubspotUnit;
}): readonly TargetObject[] {
  const { catalog, unit } = options;
  const formulas = new Map(catalog.map((metric) => [metric.name, metric.formula]));
  const campaign = campaignTarget(
    (metric) => formulas.get(metric)?.slice(0, 510) ?? metric.replaceAll("_", " "),
  );
  return [
    personTarget("leads", unit === "contacts" ? "cleared" : "lead"),
    personTarget("contacts", unit === "leads" ? "contact" : "lead"),
    dealTarget,
    ownObject(handoffTarget, {
      lead_lookup:
        "Id of the record that was handed off: a lead, or a contact where the portal works without leads.",
      lead_id: "Id of the record that was handed off; it stays when the record is deleted.",
      contact_id: "Id of the contact that was handed off.",
      rep_id: "Owner id of who held this handoff, not of today's owner.",
      team: "The rep's primary team.",
      first_touch_by: "Owner id of who made the first touch.",
    }),
    {
      ...campaign,
      crm: "hubspot",
      object: "0-35",
      keyField: "hs_object_id",
      fields: propertiesOf(campaign),
    },
    ownObject(metricTarget(catalog), {
      member: "Record id, or the exact text of a source; blank: none.",
      campaign_id: "Id of the campaign of a campaign row.",
      rep_id: "Owner id of the rep of a rep row.",
    }),
  ];
}
