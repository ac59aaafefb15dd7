import type { ApiUsage } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { loadSql } from "../database/load-sql.ts";
import { type Sql, sql } from "../database/sql.ts";
import { columnNames, type TargetObject } from "./targets/target.ts";

const models = {
  contact: loadSql(new URL("./models/desired_contact.sql", import.meta.url)),
  opportunity: loadSql(new URL("./models/desired_opportunity.sql", import.meta.url)),
  lead: loadSql(new URL("./models/desired_lead.sql", import.meta.url)),
  handoff: loadSql(new URL("./models/desired_handoff.sql", import.meta.url)),
  campaign: loadSql(new URL("./models/desired_campaign.sql", import.meta.url)),
  metric: loadSql(new URL("./models/desired_metric.sql", import.meta.url)),
  status: loadSql(new URL("./models/desired_status.sql", import.meta.url)),
};

/** What the desired rows depend on beside the metrics tables. */
export interface DesiredInput {
  readonly settings: Settings;
  readonly asOf: Date;
  readonly hasMultipleCurrencies: boolean;
  readonly usage: ApiUsage;
}

/** Metric parts and the fields they go to, with the scale they are rounded to, for the metric model. */
function metricFieldMap(target: TargetObject): readonly {
  readonly metric: string;
  readonly part: string;
  readonly field: string;
  readonly scale: number;
}[] {
  return target.fields.flatMap((field) => {
    const { source, type } = field;
    if (source.from !== "metric") return [];
    const scale = type.kind === "number" || type.kind === "currency" ? type.scale : 0;
    return [{ metric: source.metric, part: source.part, field: field.name, scale }];
  });
}

/** A date that every touch moves is renewed at most daily; where it lies within two days, after half that time. */
function renewal(days: number): string {
  return `${Math.min(86_400, Math.round(days * 43_200))} seconds`;
}

/** The diff gives every row this column itself; on a cleared row it stays what it was. */
const DATA_AS_OF = "data_as_of";

/**
 * Side object: every record that carries something of ours, with all of it blank, so that no flag of ours stays where
 * nobody keeps it up any more. Records never written to, converted or closed ones are not among them.
 */
function clearedRows(target: TargetObject, settings: Settings): Sql {
  const stored = target.fields.flatMap(({ name, type, source }) =>
    source.from === "column" ? [{ name, type, column: source.column }] : [],
  );
  const columns = stored
    .filter(({ column }) => column !== DATA_AS_OF)
    .map(({ type, column }) => sql`${blankOf(type)} as ${sql.identifier([column])}`);
  const names = stored.map(({ name }) => name);
  const asOf = stored.filter(({ column }) => column === DATA_AS_OF).map(({ name }) => name);
  return sql`
    select
        acknowledged.key,
        acknowledged.key as parent,
        false as is_due,
        array(
            select named.field from unnest(${names}::text[]) as named (field)
            where not acknowledged.fields ? named.field or named.field = any(${asOf}::text[])
        ) as omitted,
        ${sql.join(columns, sql`, `)}
    from writeback.acknowledged as acknowledged
    where acknowledged.workspace_id = ${settings.workspace.id}
        and acknowledged.connection_id = ${settings.connectionId}
        and acknowledged.object = ${target.object}`;
}

/** A null of the type that the diff turns into the CRM's form. */
function blankOf(type: TargetObject["fields"][number]["type"]): Sql {
  switch (type.kind) {
    case "checkbox":
      return sql`false`;
    case "date":
      return sql`null::date`;
    case "datetime":
      return sql`null::timestamptz`;
    case "number":
    case "currency":
      return sql`null::numeric`;
    case "text":
    case "long_text":
    case "external_id":
    case "choice":
    case "lookup":
    case "formula":
      return sql`null::text`;
  }
}

function shortestStall({ pipeline }: Settings): number {
  return Math.min(pipeline.stalledAfterDays, ...Object.values(pipeline.stalledAfterDaysByStage));
}

/** API name of the column's field where it refers to a record; null where it is a text, or not there. */
function lookupOf(target: TargetObject, column: string): string | null {
  const field = target.fields.find(({ source }) => source.from === "column" && source.column === column);
  return field?.type.kind === "lookup" ? field.name : null;
}

/** The statement whose rows the object's records in the CRM should be. One row per record; see each model's header. */
export function desiredRows(target: TargetObject, input: DesiredInput): Sql {
  const { settings, asOf } = input;
  const workspaceId = settings.workspace.id;
  const { connectionId } = settings;
  if (settings.writeback.mode === "side_object" && !target.isOurs) return clearedRows(target, settings);
  const { object } = target;
  const names = columnNames(target);
  const named = JSON.stringify(names);
  switch (target.rows) {
    case "lead": {
      const coldAt = renewal(settings.rot.coldAfterDays);
      return models.lead.bind(workspaceId, connectionId, asOf, coldAt, object, named);
    }
    case "contact": {
      const coldAt = renewal(settings.rot.coldAfterDays);
      return models.contact.bind(workspaceId, connectionId, asOf, coldAt, object, named);
    }
    case "opportunity": {
      const stall = renewal(shortestStall(settings));
      return models.opportunity.bind(workspaceId, connectionId, asOf, stall, object, named);
    }
    case "handoff":
      return models.handoff.bind(workspaceId, connectionId, asOf, lookupOf(target, "lead_lookup"));
    case "campaign":
      return models.campaign.bind(workspaceId, connectionId, asOf, object);
    case "cleared":
      return clearedRows(target, settings);
    case "metric":
      return models.metric.bind(
        workspaceId,
        connectionId,
        asOf,
        settings.writeback.repMetrics === "named",
        JSON.stringify(metricFieldMap(target)),
        input.hasMultipleCurrencies,
        object,
        named,
      );
    case "status":
      return models.status.bind(
        workspaceId,
        connectionId,
        asOf,
        input.usage.dailyUsed,
        input.usage.dailyLimit,
      );
  }
}
