import { z } from "zod";
import type { ApiRequest } from "./api-requests.ts";
import { isDue, readMoney } from "./campaign-money.ts";
import { Campaign, parsed, Text, TextId } from "./list-shapes.ts";
import type { PullRun } from "./pull-run.ts";
import { HubspotRecord, type Row, recordRow } from "./record-page.ts";
import type { Session } from "./session.ts";
import { propertiesOf } from "./streams.ts";

/** One of the lists that make a stream. */
export interface Part {
  readonly step: string;
  /** A portal without it has nothing to list here. */
  readonly mayBeAbsent?: true;
  /** The answer is no list but the one thing itself. */
  readonly isOne?: true;
  readonly request: (after: string | null) => Promise<ApiRequest>;
  readonly rows: (results: readonly unknown[]) => Promise<readonly Row[]> | readonly Row[];
}

/** The lists that make a stream, in the order in which they are read. */
export function partsOf(session: Session, run: PullRun): readonly Part[] {
  const { route, request } = run;
  const { requests } = session;
  switch (route.kind) {
    case "archived": {
      const step = `The list of archived ${route.type}`;
      return [
        {
          step,
          request: (after) => requests.archived(route.type, after, propertiesOf(request.fields)),
          rows: (results) =>
            parsed(HubspotRecord, results, step).map((record) =>
              recordRow({ ...record, archived: true }, request.fields),
            ),
        },
      ];
    }
    case "account": {
      const step = "The read of the portal's account";
      return [
        {
          step,
          isOne: true,
          request: async () => requests.account(),
          rows: (results) =>
            parsed(Portal, results, step).map(({ portalId, companyCurrency }) => ({
              id: portalId,
              companyCurrency: companyCurrency ?? null,
            })),
        },
      ];
    }
    case "owners":
      return (["active", "archived"] as const).map((which) => {
        const step = `The list of ${which} owners`;
        return {
          step,
          request: (after) => requests.owners(after, which),
          rows: (results) => parsed(Owner, results, step).map((owner) => ownerRow(owner, which)),
        };
      });
    case "pipelines":
      return (["deals", "leads"] as const).map((type) => {
        const step = `The list of pipelines of ${type}`;
        return {
          step,
          mayBeAbsent: true,
          request: () => requests.pipelines(type),
          rows: (results) => parsed(Pipeline, results, step).flatMap((each) => stageRows(type, each)),
        };
      });
    case "exchange-rates": {
      const step = "The list of exchange rates";
      return [
        {
          step,
          request: async (after) => requests.exchangeRates(after),
          rows: (results) => parsed(Rate, results, step),
        },
      ];
    }
    case "campaigns": {
      const step = "The list of campaigns";
      const own = new Set(["createdAt", "updatedAt"]);
      const names = propertiesOf(request.fields).filter((name) => !own.has(name));
      return [
        {
          step,
          request: async (after) => requests.campaigns(after, names),
          rows: (results) =>
            parsed(Campaign, results, step).map((campaign) => ({
              ...Object.fromEntries(names.map((name) => [name, campaign.properties[name] ?? null])),
              id: campaign.id,
              createdAt: campaign.createdAt,
              updatedAt: campaign.updatedAt,
            })),
        },
      ];
    }
    case "campaign-money": {
      const step = "The list of campaigns for their budgets";
      return [
        {
          step,
          request: async (after) => requests.campaigns(after, ["hs_campaign_status"]),
          rows: async (results) => {
            const { since } = request;
            const due = parsed(Campaign, results, step).filter((campaign) => isDue(campaign, since));
            const rows = await Promise.all(due.map((campaign) => readMoney(session, run, campaign.id)));
            return rows.flatMap((row) => (row === null ? [] : [row]));
          },
        },
      ];
    }
    case "campaign-contacts":
    case "records":
    case "history":
    case "stage-dates":
    case "associations":
      throw new RangeError(`${request.stream.name} is not read as a list`);
  }
}

const Portal = z.looseObject({ portalId: TextId, companyCurrency: Text });

const Owner = z.looseObject({
  id: TextId,
  email: Text,
  type: Text,
  firstName: Text,
  lastName: Text,
  userId: z.int().nullish(),
  userIdIncludingInactive: z.int().nullish(),
  teams: z.array(z.looseObject({ id: TextId, name: Text, primary: z.boolean().default(false) })).nullish(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

function ownerRow(owner: z.infer<typeof Owner>, which: "active" | "archived"): Row {
  const team = owner.teams?.find(({ primary }) => primary);
  return {
    id: owner.id,
    userId: owner.userId?.toString() ?? null,
    userIdIncludingInactive: owner.userIdIncludingInactive?.toString() ?? null,
    type: owner.type ?? null,
    firstName: owner.firstName ?? null,
    lastName: owner.lastName ?? null,
    email: owner.email ?? null,
    primaryTeamId: team?.id ?? null,
    primaryTeamName: team?.name ?? null,
    archived: which === "archived",
    createdAt: owner.createdAt,
    updatedAt: owner.updatedAt,
  };
}

const Pipeline = z.looseObject({
  id: z.string(),
  label: Text,
  archived: z.boolean().default(false),
  stages: z.array(
    z.looseObject({
      id: z.string(),
      label: Text,
      displayOrder: z.int().nullish(),
      metadata: z.record(z.string(), z.unknown()).nullish(),
      archived: z.boolean().default(false),
      createdAt: Text,
      updatedAt: Text,
    }),
  ),
});

function stageRows(type: "deals" | "leads", pipeline: z.infer<typeof Pipeline>): readonly Row[] {
  return pipeline.stages.map((stage) => {
    const { isClosed, probability } = stage.metadata ?? {};
    const isNumber =
      typeof probability === "string" && probability !== "" && !Number.isNaN(Number(probability));
    return {
      id: `${type}:${pipeline.id}:${stage.id}`,
      objectType: type,
      pipelineId: pipeline.id,
      pipelineLabel: pipeline.label ?? null,
      stageId: stage.id,
      stageLabel: stage.label ?? null,
      displayOrder: stage.displayOrder ?? null,
      isClosed: isClosed === "true" || isClosed === true ? true : isClosed === undefined ? null : false,
      probability: isNumber ? probability : null,
      metadata: JSON.stringify(stage.metadata ?? {}),
      archived: pipeline.archived || stage.archived,
      createdAt: stage.createdAt ?? null,
      updatedAt: stage.updatedAt ?? null,
    };
  });
}

const Rate = z
  .looseObject({
    id: TextId,
    fromCurrencyCode: z.string(),
    toCurrencyCode: z.string(),
    conversionRate: z.number(),
    effectiveAt: z.string().nullable().default(null),
    createdAt: z.string().nullable().default(null),
    updatedAt: z.string().nullable().default(null),
  })
  .transform(
    ({ id, fromCurrencyCode, toCurrencyCode, conversionRate, effectiveAt, createdAt, updatedAt }) => ({
      id,
      fromCurrencyCode,
      toCurrencyCode,
      conversionRate,
      effectiveAt,
      createdAt,
      updatedAt,
    }),
  );
