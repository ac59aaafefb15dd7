import type { CrmName } from "../core/errors.ts";
import { campaignTarget } from "./targets/campaign.ts";
import { handoffTarget } from "./targets/handoff.ts";
import { type HubspotUnit, hubspotTargets } from "./targets/hubspot/targets.ts";
import { leadTarget } from "./targets/lead.ts";
import { metricTarget, type TargetMetric } from "./targets/metric.ts";
import { opportunityTarget } from "./targets/opportunity.ts";
import { statusTarget } from "./targets/status.ts";
import { isWritten, type TargetObject } from "./targets/target.ts";

/**
 * Every object and field ripeline has in a Salesforce org, in the order in which rows are written: flags first. The
 * package that `apply` deploys, the rows that `push` writes and the field lists in the docs are all made from this.
 * @param options.closedStatuses lead statuses in which no lead rots, as the org spells them
 * @param options.catalog the metric dictionary
 */
export function targetObjects(options: {
  readonly closedStatuses: readonly string[];
  readonly catalog: readonly TargetMetric[];
}): readonly TargetObject[] {
  const words = new Map(options.catalog.map((metric) => [metric.name, metric.formula]));
  return [
    leadTarget(options.closedStatuses),
    opportunityTarget,
    handoffTarget,
    campaignTarget((metric) => words.get(metric)?.slice(0, 510) ?? metric.replaceAll("_", " ")),
    metricTarget(options.catalog),
    statusTarget,
  ];
}

/**
 * Every object and field ripeline can have in a CRM of this kind, in the order in which rows are written.
 * @param options.unit HubSpot only: which record a portal's handoffs hang on
 */
export function targetsFor(
  crm: CrmName,
  options: {
    readonly closedStatuses: readonly string[];
    readonly catalog: readonly TargetMetric[];
    readonly unit?: HubspotUnit;
  },
): readonly TargetObject[] {
  return crm === "hubspot"
    ? hubspotTargets({ catalog: options.catalog, unit: options.unit ?? null })
    : targetObjects(options);
}

/**
 * The configured closed statuses as the org spells them, the configured spelling where the org has no such status: a
 * formula's CASE tells upper from lower case, our settings do not.
 */
export function closedStatuses(
  configured: { readonly disqualified: readonly string[]; readonly recycled: readonly string[] },
  orgStatuses: readonly string[],
): readonly string[] {
  const wanted = [...configured.disqualified, ...configured.recycled];
  const spelled = wanted.flatMap((status) => {
    const found = orgStatuses.filter((own) => own.toLowerCase() === status.toLowerCase());
    return found.length > 0 ? found : [status];
  });
  return [...new Set(spelled)];
}

/** API names of the columns that are sent only along with another change, by object. */
export function ridingFields(target: TargetObject): readonly string[] {
  return target.fields.filter((field) => isWritten(field) && !field.diff).map((field) => field.name);
}

/** What our names begin with, by CRM. */
const PREFIX = { salesforce: "Ripeline_", hubspot: "ripeline_" } as const;

/**
 * Holds the first house rule: on anybody else's object we write fields of ours only, on our own objects fields of ours
 * and the standard ones the target lists.
 * @throws TypeError naming the object and field; a bug of ours, never a fact about the org
 */
export function assertOurNames(target: TargetObject, names: Iterable<string>): void {
  const prefix = PREFIX[target.crm];
  for (const name of names) {
    const isAllowed =
      name.startsWith(prefix) ||
      (target.isOurs && target.standardFields.some((field) => field.name === name));
    if (!isAllowed || (target.isOurs && !target.object.startsWith(prefix))) {
      throw new TypeError(
        `ripeline must not write ${target.object}.${name}: only names that start with ${prefix} are ours`,
      );
    }
  }
}
