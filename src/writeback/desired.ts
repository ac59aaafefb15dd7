import type { ApiUsage } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { loadSql } from "../database/load-sql.ts";
import type { Sql } from "../database/sql.ts";
import type { TargetObject } from "./targets/target.ts";

const models = {
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

/** A touched lead's cold date is renewed at most daily; where leads go cold within two days, after half that time. */
function renewal(coldAfterDays: number): string {
  return `${Math.min(86_400, Math.round(coldAfterDays * 43_200))} seconds`;
}

/**
 * The statement whose rows the object's records in the CRM should be; undefined where the settings say that nothing is
 * written to the object. One row per record; see the header of each model.
 */
export function desiredRows(target: TargetObject, input: DesiredInput): Sql | undefined {
  const { settings, asOf } = input;
  const workspaceId = settings.workspace.id;
  const { connectionId } = settings;
  const writesOnOthers = settings.writeback.mode === "fields";
  switch (target.object) {
    case "Lead":
      return models.lead.bind(
        workspaceId,
        connectionId,
        asOf,
        renewal(settings.rot.coldAfterDays),
        writesOnOthers,
      );
    case "Ripeline_Handoff__c":
      return models.handoff.bind(workspaceId, connectionId, asOf);
    case "Campaign":
      return writesOnOthers ? models.campaign.bind(workspaceId, connectionId, asOf) : undefined;
    case "Ripeline_Metric__c":
      return models.metric.bind(
        workspaceId,
        connectionId,
        asOf,
        settings.writeback.repMetrics === "named",
        JSON.stringify(metricFieldMap(target)),
        input.hasMultipleCurrencies,
      );
    case "Ripeline_Status__c":
      return models.status.bind(
        workspaceId,
        connectionId,
        asOf,
        input.usage.dailyUsed,
        input.usage.dailyLimit,
      );
    default:
      throw new TypeError(`no model for the rows of ${target.object}`);
  }
}
