import { DateTime } from "luxon";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";

const circumstances = z.object({
  tracks_owner_history: z.boolean().nullable(),
  tracks_status_history: z.boolean().nullable(),
  applied_at: z.date().nullable(),
  oldest_owner_row_at: z.date().nullable(),
  oldest_status_row_at: z.date().nullable(),
  converted_statuses: z.array(z.string()),
  default_statuses: z.array(z.string()),
  currency_codes: z.array(z.string()),
  active_currency_codes: z.array(z.string()),
  corporate_currency: z.string().nullable(),
  has_dated_rates: z.boolean(),
});

type Circumstances = z.infer<typeof circumstances>;

const lower = (values: readonly string[]) => values.map((value) => value.toLowerCase());
const lowerKeys = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));

/**
 * Writes the parameters of a compute: `metrics.run`, periods, cohort ages and rot policies.
 * @throws ConfigError for a workspace currency that is not active in the org, or policies that leave leads out.
 */
export async function writeRunParameters(tx: Transaction, settings: Settings, asOf: Date): Promise<void> {
  const last = settings.rot.policies.at(-1);
  if (last === undefined || Object.values(last.match).some((list) => list !== undefined)) {
    throw new ConfigError(
      `the last of rot.policies${last === undefined ? "" : ` ("${last.name}")`} must match every lead: ` +
        "end the list with a policy without `match`",
    );
  }
  const org = await readCircumstances(tx, settings, asOf);
  const currency = chooseCurrency(settings, org);
  const { id: workspaceId, timeZone } = settings.workspace;
  const local = DateTime.fromJSDate(asOf, { zone: timeZone });
  const firstMonth = local.startOf("month").minus({ months: settings.report.months - 1 });
  const startFrom = settings.rot.startFrom === null ? org.applied_at : new Date(settings.rot.startFrom);
  await tx.execute(sql`delete from metrics.run where workspace_id = ${workspaceId}`);
  await tx.execute(sql`
    insert into metrics.run (
      workspace_id, connection_id, workspace_name, as_of, time_zone, today, currency_code, currency_rule, start_from,
      restart, cold_after, delivery_expiry, max_unlogged, touch_by, task_types, disqualified_statuses,
      recycled_statuses, converted_statuses, default_statuses, working_statuses, record_types,
      excluded_email_domains, excluded_creators, rep_profiles, rep_roles, rep_users, ignored_owners, robot_above,
      handoff_weight, opportunity_weight, pipeline_types, pipeline_stage, type_map, investment_parents,
      orphan_after_days, tracks_owner_history, tracks_status_history, oldest_owner_row_at, oldest_status_row_at,
      first_month, rep_plan, stalled_days, stalled_days_by_stage, load_by
    ) values (
      ${workspaceId}, ${settings.connectionId}, ${settings.workspace.name}, ${asOf}, ${timeZone},
      ${local.toISODate()}, ${currency.code}, ${currency.rule}, ${startFrom}, ${settings.rot.restart},
      make_interval(secs => ${settings.rot.coldAfterDays * 86_400}),
      make_interval(secs => ${settings.rot.deliveryExpiryHours * 3600}), ${settings.rot.maxUnlogged},
      ${settings.touch.by}, ${lower(settings.touch.taskTypes)}, ${lower(settings.statuses.disqualified)},
      ${lower(settings.statuses.recycled)}, ${org.converted_statuses}, ${org.default_statuses},
      ${settings.statuses.working === null ? null : lower(settings.statuses.working)},
      ${settings.scope.recordTypes}, ${lower(settings.scope.excludedEmailDomains)},
      ${settings.scope.excludedCreators}, ${settings.reps.profiles}, ${settings.reps.roles}, ${settings.reps.users},
      ${settings.reps.ignoredOwners}, ${settings.reps.robotAbove}, ${settings.reps.weights.handoff},
      ${settings.reps.weights.opportunity}, ${settings.pipeline.types}, ${settings.pipeline.stage},
      ${sql.json(settings.pipeline.typeMap)}, ${sql.json(settings.investment.parents)},
      ${settings.investment.orphanAfterDays}, ${org.tracks_owner_history ?? false},
      ${org.tracks_status_history ?? false}, ${org.oldest_owner_row_at}, ${org.oldest_status_row_at},
      ${firstMonth.toISODate()}, ${sql.json(settings.reps)}, ${settings.pipeline.stalledAfterDays},
      ${sql.json(lowerKeys(settings.pipeline.stalledAfterDaysByStage))}, ${settings.investment.loadBy}
    )`);
  await writePeriods(tx, workspaceId, firstMonth, local, settings.report.cohortAges);
  await writePolicies(tx, settings);
}

async function writePeriods(
  tx: Transaction,
  workspaceId: string,
  firstMonth: DateTime,
  local: DateTime,
  cohortAges: readonly number[],
): Promise<void> {
  await tx.execute(sql`delete from metrics.period where workspace_id = ${workspaceId}`);
  await tx.execute(sql`delete from metrics.cohort_age where workspace_id = ${workspaceId}`);
  const add = async (type: string, start: DateTime | null, end: DateTime | null) => {
    await tx.execute(sql`
      insert into metrics.period (workspace_id, period_type, period_start, period_end, starts_at, ends_at)
      values (${workspaceId}, ${type}, ${start?.toISODate() ?? null}, ${end?.toISODate() ?? null},
        ${start?.toJSDate() ?? null}, ${end?.toJSDate() ?? null})`);
  };
  await add("lifetime", null, null);
  await add("day", local.startOf("day"), local.startOf("day").plus({ days: 1 }));
  for (let month = firstMonth; month <= local; month = month.plus({ months: 1 })) {
    await add("month", month, month.plus({ months: 1 }));
  }
  for (const age of new Set([...cohortAges, null])) {
    await tx.execute(
      sql`insert into metrics.cohort_age (workspace_id, age_days) values (${workspaceId}, ${age})`,
    );
  }
}

async function writePolicies(tx: Transaction, settings: Settings): Promise<void> {
  const { id } = settings.workspace;
  await tx.execute(
    sql`delete from metrics.rot_policy where workspace_id = ${id} and connection_id = ${settings.connectionId}`,
  );
  for (const [position, policy] of settings.rot.policies.entries()) {
    await tx.execute(sql`
      insert into metrics.rot_policy (
        workspace_id, connection_id, position, name, sources, reps, teams, expiry_seconds, calendar
      ) values (
        ${id}, ${settings.connectionId}, ${position}, ${policy.name}, ${policy.match.sources ?? null},
        ${policy.match.reps ?? null}, ${policy.match.teams ?? null}, ${policy.expiryHours * 3600}, ${policy.calendar}
      )`);
  }
}

function chooseCurrency(
  settings: Settings,
  org: Circumstances,
): { readonly code: string | null; readonly rule: "corporate" | "static" | "dated" } {
  const wanted = settings.workspace.currency ?? org.corporate_currency;
  if (org.currency_codes.length === 0) return { code: wanted, rule: "corporate" };
  if (wanted === null || !org.active_currency_codes.includes(wanted)) {
    throw new ConfigError(
      `workspace.currency is ${wanted ?? "not set"}, but the org's active currencies are ` +
        `${org.active_currency_codes.join(", ") || "none"}; set workspace.currency to one of them, or activate it in the org`,
    );
  }
  return { code: wanted, rule: org.has_dated_rates ? "dated" : "static" };
}

async function readCircumstances(tx: Transaction, settings: Settings, asOf: Date): Promise<Circumstances> {
  const here = sql`workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`;
  const then = sql`${here} and valid_from <= ${asOf} and (valid_to is null or valid_to > ${asOf})`;
  return tx.one(
    circumstances,
    sql`select
      (select tracks_owner_history from mirror.connection where ${here}) as tracks_owner_history,
      (select tracks_status_history from mirror.connection where ${here}) as tracks_status_history,
      (select applied_at from mirror.connection where ${here}) as applied_at,
      (select min(createddate) from mirror.salesforce_lead_history
        where ${then} and field in ('Owner', 'ownerAssignment', 'ownerAccepted')) as oldest_owner_row_at,
      (select min(createddate) from mirror.salesforce_lead_history
        where ${then} and field = 'Status') as oldest_status_row_at,
      (select coalesce(array_agg(distinct lower(label)), '{}') from mirror.salesforce_lead_status,
        unnest(array[masterlabel, apiname]) as label
        where ${then} and isconverted and label is not null) as converted_statuses,
      (select coalesce(array_agg(distinct lower(label)), '{}') from mirror.salesforce_lead_status,
        unnest(array[masterlabel, apiname]) as label
        where ${then} and isdefault and label is not null) as default_statuses,
      (select coalesce(array_agg(isocode), '{}') from mirror.salesforce_currency_type where ${then}) as currency_codes,
      (select coalesce(array_agg(isocode order by isocode), '{}') from mirror.salesforce_currency_type
        where ${then} and isactive is not false) as active_currency_codes,
      (select min(isocode) from mirror.salesforce_currency_type where ${then} and iscorporate) as corporate_currency,
      exists (select 1 from mirror.salesforce_dated_conversion_rate where ${then}) as has_dated_rates`,
  );
}
