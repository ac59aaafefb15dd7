import { DateTime } from "luxon";
import { ConfigError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { chooseCurrency, currencyRule, readCurrencies } from "./currency.ts";
import { readCircumstances, writeConnection } from "./run-connection.ts";

const lower = (values: readonly string[]) => values.map((value) => value.toLowerCase());
const lowerKeys = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));

/**
 * Writes the parameters of a compute: `metrics.run`, `metrics.run_connection`, periods, cohort ages and rot policies.
 * Reads `metrics.stg_currency`.
 * @throws ConfigError for a workspace currency that is not active in an org, or policies that leave leads out.
 */
export async function writeRunParameters(tx: Transaction, settings: Settings, asOf: Date): Promise<void> {
  const last = settings.rot.policies.at(-1);
  if (last === undefined || Object.values(last.match).some((list) => list !== undefined)) {
    throw new ConfigError(
      `the last of rot.policies${last === undefined ? "" : ` ("${last.name}")`} must match every lead: ` +
        "end the list with a policy without `match`",
    );
  }
  const workspaceId = settings.workspace.id;
  const found = [];
  for (const connection of settings.connections) {
    const circumstances = await readCircumstances(tx, workspaceId, connection, asOf);
    found.push({
      connection,
      circumstances,
      currencies: await readCurrencies(tx, workspaceId, connection.id),
    });
  }
  const currency = chooseCurrency(
    settings.workspace.currency,
    found.map(({ circumstances }) => circumstances.home_currency),
  );
  await tx.execute(sql`delete from metrics.run_connection where workspace_id = ${workspaceId}`);
  for (const [position, { connection, circumstances, currencies }] of found.entries()) {
    const rule = currencyRule(currency, circumstances, currencies);
    await writeConnection(tx, settings, { position, connection, circumstances, rule });
  }
  const local = DateTime.fromJSDate(asOf, { zone: settings.workspace.timeZone });
  const firstMonth = local.startOf("month").minus({ months: settings.report.months - 1 });
  await writeRun(tx, settings, { asOf, local, firstMonth, currency });
  await writePeriods(tx, workspaceId, firstMonth, local, settings.report.cohortAges);
  await writePolicies(tx, settings);
}

interface Moment {
  readonly asOf: Date;
  /** `asOf` in the workspace's zone. */
  readonly local: DateTime;
  readonly firstMonth: DateTime;
  readonly currency: string | null;
}

async function writeRun(
  tx: Transaction,
  settings: Settings,
  { asOf, local, firstMonth, currency }: Moment,
): Promise<void> {
  const { id: workspaceId, timeZone } = settings.workspace;
  const twins = Object.fromEntries(settings.investment.twins.map(({ twin, holder }) => [twin, holder]));
  await tx.execute(sql`delete from metrics.run where workspace_id = ${workspaceId}`);
  await tx.execute(sql`
    insert into metrics.run (
      workspace_id, workspace_name, as_of, time_zone, today, currency_code, restart, cold_after, delivery_expiry,
      max_unlogged, touch_by, task_types, touch_sequences, disqualified_statuses, recycled_statuses, working_statuses,
      record_types,
      excluded_email_domains, excluded_creators, rep_profiles, rep_roles, rep_users, ignored_owners, robot_above,
      handoff_weight, opportunity_weight, pipeline_types, pipeline_stage, type_map, investment_parents,
      orphan_after_days, first_month, rep_plan, stalled_days, stalled_days_by_stage, load_by,
      campaign_twins
    ) values (
      ${workspaceId}, ${settings.workspace.name}, ${asOf}, ${timeZone}, ${local.toISODate()}, ${currency},
      ${settings.rot.restart}, make_interval(secs => ${settings.rot.coldAfterDays * 86_400}),
      make_interval(secs => ${settings.rot.deliveryExpiryHours * 3600}), ${settings.rot.maxUnlogged},
      ${settings.touch.by}, ${lower(settings.touch.taskTypes)}, ${settings.touch.sequences},
      ${lower(settings.statuses.disqualified)},
      ${lower(settings.statuses.recycled)},
      ${settings.statuses.working === null ? null : lower(settings.statuses.working)},
      ${settings.scope.recordTypes}, ${lower(settings.scope.excludedEmailDomains)},
      ${settings.scope.excludedCreators}, ${settings.reps.profiles}, ${settings.reps.roles}, ${settings.reps.users},
      ${settings.reps.ignoredOwners}, ${settings.reps.robotAbove}, ${settings.reps.weights.handoff},
      ${settings.reps.weights.opportunity}, ${settings.pipeline.types}, ${settings.pipeline.stage},
      ${sql.json(settings.pipeline.typeMap)}, ${sql.json(settings.investment.parents)},
      ${settings.investment.orphanAfterDays}, ${firstMonth.toISODate()}, ${sql.json(settings.reps)},
      ${settings.pipeline.stalledAfterDays}, ${sql.json(lowerKeys(settings.pipeline.stalledAfterDaysByStage))},
      ${settings.investment.loadBy}, ${sql.json(twins)}
    )`);
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

/** The policies are the workspace's; a connection has them in its own calendars. */
async function writePolicies(tx: Transaction, settings: Settings): Promise<void> {
  const { id } = settings.workspace;
  await tx.execute(sql`delete from metrics.rot_policy where workspace_id = ${id}`);
  for (const connection of settings.connections) {
    for (const [position, policy] of settings.rot.policies.entries()) {
      await tx.execute(sql`
        insert into metrics.rot_policy (
          workspace_id, connection_id, position, name, sources, reps, teams, expiry_seconds, calendar
        ) values (
          ${id}, ${connection.id}, ${position}, ${policy.name}, ${policy.match.sources ?? null},
          ${policy.match.reps ?? null}, ${policy.match.teams ?? null}, ${policy.expiryHours * 3600}, ${policy.calendar}
        )`);
    }
  }
}
