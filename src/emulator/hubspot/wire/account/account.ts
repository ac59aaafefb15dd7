import { z } from "zod";
import { jsonAnswer } from "../../../server/answer.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { instantText } from "../../engine/store/columns.ts";
import { type Handler, type HubSpotContext, needScope, param } from "../call.ts";
import { readBody } from "../read-body.ts";

/** Minutes east of UTC, now. */
function offsetMinutes(now: Date, timeZone: string): number {
  const name = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" })
    .formatToParts(now)
    .find((part) => part.type === "timeZoneName")?.value;
  const [, sign, hours = "0", minutes = "0"] = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(name ?? "") ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

export const details: Handler = (context) => {
  const { portal } = context;
  const minutes = offsetMinutes(context.clock.now(), portal.timeZone);
  const text = new Date(Math.abs(minutes) * 60_000).toISOString().slice(11, 16);
  return jsonAnswer(200, {
    portalId: portal.portalId,
    accountType: "STANDARD",
    timeZone: portal.timeZone,
    companyCurrency: portal.companyCurrency,
    additionalCurrencies: [
      ...new Set([...portal.exchangeRates.values()].map((rate) => rate.fromCurrencyCode)),
    ],
    utcOffset: `${minutes < 0 ? "-" : "+"}${text}`,
    utcOffsetMilliseconds: minutes * 60_000,
    uiDomain: "app.hubspot.com",
    dataHostingLocation: "na1",
  });
};

/** Legacy private apps only: a service key reads 0, and an OAuth app nothing. */
export const dailyUsage: Handler = (context, call) => {
  if (call.app.kind === "oauth" || call.app.kind === "oauth_app") {
    throw new HubSpotRefusal("not_for_service_keys", { what: "The usage of private apps" });
  }
  const { limit, used, resetsAt } = context.limits.daily();
  return jsonAnswer(200, {
    results: [
      {
        name: "private-apps-api-calls-daily",
        usageLimit: limit,
        currentUsage: call.app.kind === "service_key" ? 0 : used,
        collectedAt: instantText(context.portal.now()),
        fetchStatus: "SUCCESS",
        resetsAt: resetsAt.toISOString(),
      },
    ],
  });
};

const RECORD_LIMITS: Readonly<Record<string, number>> = {
  "0-1": 15_000_000,
  "0-2": 15_000_000,
  "0-3": 15_000_000,
};

interface Limited {
  readonly limit: number;
  readonly usage: number;
}

const limitBody = ({ limit, usage }: Limited) => ({
  limit,
  usage,
  percentage: limit === 0 ? 0 : Math.round((usage / limit) * 10_000) / 100,
});

function perType(
  context: HubSpotContext,
  measure: (typeId: string) => Limited,
): readonly Record<string, unknown>[] {
  return [...context.portal.allTypes()].map((type) => ({
    objectTypeId: type.typeId,
    singularLabel: type.singular,
    pluralLabel: type.plural,
    ...limitBody(measure(type.typeId)),
  }));
}

/** Usage and limit of records, properties, object types and pipelines. Any read scope of an object is enough. */
export const limits: Handler = (context, call) => {
  const { portal } = context;
  const reads = [...portal.allTypes()].flatMap((type) => type.scope.read);
  needScope(call, [...new Set(reads)]);
  const isEnterprise = portal.settings.tiers.sales === "ENTERPRISE";
  switch (param(call, "kind")) {
    case "records":
      return jsonAnswer(200, {
        hubspotDefinedObjectTypes: perType(context, (typeId) => {
          const table = portal.table(typeId);
          const usage = [...table.rowsById()].filter((row) => table.isLive(row)).length;
          return { limit: RECORD_LIMITS[typeId] ?? 10_000_000, usage };
        }),
      });
    case "custom-properties":
      return jsonAnswer(200, {
        byObjectType: perType(context, (typeId) => ({
          limit: portal.settings.tiers.marketing === "FREE" ? 10 : 1_000,
          usage: [...portal.properties(typeId).all()].filter((one) => !one.hubspotDefined && !one.archived)
            .length,
        })),
      });
    case "calculated-properties":
      return jsonAnswer(200, limitBody({ limit: isEnterprise ? 200 : 5, usage: calculatedCount(context) }));
    case "custom-object-types":
      return jsonAnswer(200, limitBody({ limit: isEnterprise ? 10 : 0, usage: portal.schemas.held.size }));
    case "pipelines":
      return jsonAnswer(200, {
        hubspotDefinedObjectTypes: perType(context, (typeId) => ({
          limit: isEnterprise ? 100 : 15,
          usage: portal.pipelines.of(typeId).length,
        })),
      });
    default:
      throw new HubSpotRefusal("unknown_path");
  }
};

const calculatedCount = ({ portal }: HubSpotContext) =>
  [...portal.allTypes()]
    .flatMap((type) => [...portal.properties(type.typeId).all()])
    .filter((one) => one.calculationFormula !== undefined && !one.archived).length;

const CURRENCY_SCOPE = ["settings.currencies.read", "multi-currency-read"];

const CODES: readonly (readonly [code: string, name: string])[] = [
  ["AUD", "Australian Dollar"],
  ["CAD", "Canadian Dollar"],
  ["CHF", "Swiss Franc"],
  ["EUR", "Euro"],
  ["GBP", "British Pound"],
  ["JPY", "Japanese Yen"],
  ["USD", "US Dollar"],
];

export const currencyCodes: Handler = (_context, call) => {
  needScope(call, CURRENCY_SCOPE);
  return jsonAnswer(200, {
    results: CODES.map(([currencyCode, currencyName]) => ({ currencyCode, currencyName })),
  });
};

export const companyCurrency: Handler = (context, call) => {
  needScope(call, CURRENCY_SCOPE);
  return jsonAnswer(200, { currencyCode: context.portal.companyCurrency });
};

export const setCompanyCurrency: Handler = async (context, call) => {
  needScope(call, ["settings.currencies.write"]);
  const { currencyCode } = await readBody(
    call,
    z.object({ currencyCode: z.enum(CODES.map(([code]) => code)) }),
  );
  context.portal.companyCurrency = currencyCode;
  context.portal.logWrite({ operation: call.operation, object: "currencies", id: currencyCode, fields: [] });
  return jsonAnswer(200, { currencyCode });
};

function rateBody(rate: {
  readonly effectiveAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}) {
  return {
    ...rate,
    effectiveAt: instantText(rate.effectiveAt),
    createdAt: instantText(rate.createdAt),
    updatedAt: instantText(rate.updatedAt),
  };
}

export const exchangeRates: Handler = (context, call) => {
  needScope(call, CURRENCY_SCOPE);
  const rates = [...context.portal.exchangeRates.values()];
  return jsonAnswer(200, { results: rates.map(rateBody), total: rates.length });
};

/** For each currency the rate that holds now. */
export const currentRates: Handler = (context, call) => {
  needScope(call, CURRENCY_SCOPE);
  const now = context.portal.now();
  const current = new Map<string, Parameters<typeof rateBody>[0]>();
  const rates = [...context.portal.exchangeRates.values()].toSorted(
    (left, right) => left.effectiveAt - right.effectiveAt,
  );
  for (const rate of rates) if (rate.effectiveAt <= now) current.set(rate.fromCurrencyCode, rate);
  return jsonAnswer(200, { results: [...current.values()].map(rateBody), total: current.size });
};

export const createRate: Handler = async (context, call) => {
  needScope(call, ["settings.currencies.write"]);
  const { portal } = context;
  const body = await readBody(
    call,
    z.object({
      fromCurrencyCode: z.enum(CODES.map(([code]) => code)),
      conversionRate: z.number().positive(),
      effectiveAt: z.iso.datetime({ offset: true }).optional(),
      visibleInUI: z.boolean().optional(),
    }),
  );
  const at = portal.now();
  const rate = {
    id: String(portal.nextRateId()),
    fromCurrencyCode: body.fromCurrencyCode,
    toCurrencyCode: portal.companyCurrency,
    conversionRate: body.conversionRate,
    effectiveAt: body.effectiveAt === undefined ? at : Date.parse(body.effectiveAt),
    visibleInUI: body.visibleInUI ?? true,
    createdAt: at,
    updatedAt: at,
  };
  portal.exchangeRates.set(rate.id, rate);
  portal.logWrite({ operation: call.operation, object: "exchange-rates", id: rate.id, fields: [] });
  return jsonAnswer(200, rateBody(rate));
};

export const fxInformation: Handler = (_context, call) => {
  needScope(call, CURRENCY_SCOPE);
  return jsonAnswer(200, { centralFxRatesEnabled: false });
};
