import { DAY_MS } from "../../../core/time.ts";
import { COMPANY, CONTACT, DEAL, LEAD, type ObjectType, TASK } from "./object-types.ts";
import type { Portal } from "./portal.ts";
import { instantText } from "./store/columns.ts";

interface Subject {
  readonly portal: Portal;
  readonly type: ObjectType;
  readonly row: number;
}

type Calculation = (subject: Subject) => string | null;

const own = ({ portal, type, row }: Subject, name: string): string | null =>
  portal.table(type.typeId).column(name, false).text(row);

const instant = ({ portal, type, row }: Subject, name: string): number =>
  portal.table(type.typeId).column(name, true).number(row);

function stageOf(subject: Subject) {
  const { type, portal } = subject;
  const { stageProperty, pipelineProperty } = type;
  if (stageProperty === undefined || pipelineProperty === undefined) return undefined;
  return portal.pipelines.stage(type.typeId, own(subject, pipelineProperty), own(subject, stageProperty));
}

const probability = (subject: Subject): number | undefined => {
  const text = stageOf(subject)?.metadata["probability"];
  return text === undefined ? undefined : Number(text);
};
const isClosed = (subject: Subject) => stageOf(subject)?.metadata["isClosed"] === "true";
const isWon = (subject: Subject) => isClosed(subject) && probability(subject) === 1;

/** At the rate of the close date once it is closed, at today's before; none without a rate. */
function homeAmount(deal: Subject): string | null {
  const amount = own(deal, "amount");
  const code = own(deal, "deal_currency_code");
  if (amount === null || code === null || code === deal.portal.companyCurrency) return amount;
  const at = isClosed(deal) ? instant(deal, "closedate") : deal.portal.now();
  const rate = [...deal.portal.exchangeRates.values()]
    .filter((one) => one.fromCurrencyCode === code && one.effectiveAt <= at)
    .reduce<{ readonly effectiveAt: number; readonly conversionRate: number } | undefined>(
      (last, one) => (last === undefined || one.effectiveAt >= last.effectiveAt ? one : last),
      undefined,
    );
  return rate === undefined ? null : String(Number((Number(amount) * rate.conversionRate).toFixed(6)));
}

const linked = ({ portal, type, row }: Subject, to: string): readonly number[] => {
  const target = portal.table(to);
  return portal.associations
    .targets(type.typeId, to, portal.table(type.typeId).id(row))
    .filter((id) => target.isLive(target.rowOf(id)));
};

/** Links that carry the type "Primary", the oldest first; with `orAny` the oldest link where none does. */
function primary(subject: Subject, to: string, typeIds: readonly number[]): string | null {
  const { portal, type, row } = subject;
  const id = portal.table(type.typeId).id(row);
  const marked = linked(subject, to).find((target) =>
    portal.associations.labels(type.typeId, to, id, target).some((label) => typeIds.includes(label.typeId)),
  );
  return marked === undefined ? null : String(marked);
}

function enteredStage(subject: Subject): string | null {
  const { type } = subject;
  const stage = type.stageProperty === undefined ? null : own(subject, type.stageProperty);
  const at = stage === null ? Number.NaN : instant(subject, `hs_v2_date_entered_${stage}`);
  return Number.isNaN(at) ? null : instantText(at);
}

const inStages: Readonly<Record<string, Calculation>> = {
  hs_v2_date_entered_current_stage: enteredStage,
  // A real portal answers the entry time here, not a duration.
  hs_v2_time_in_current_stage: enteredStage,
};

const CALCULATIONS: Readonly<Record<string, Readonly<Record<string, Calculation>>>> = {
  [DEAL]: {
    ...inStages,
    hs_is_closed: (deal) => String(isClosed(deal)),
    hs_is_closed_won: (deal) => String(isWon(deal)),
    hs_is_closed_lost: (deal) => String(isClosed(deal) && !isWon(deal)),
    hs_closed_amount: (deal) => (isWon(deal) ? (own(deal, "amount") ?? "0") : "0"),
    amount_in_home_currency: homeAmount,
    hs_deal_stage_probability: (deal) =>
      own(deal, "hs_deal_stage_probability") ?? stageOf(deal)?.metadata["probability"] ?? null,
    hs_forecast_amount: (deal) => own(deal, "amount"),
    days_to_close: (deal) => {
      const days = (instant(deal, "closedate") - deal.portal.table(DEAL).createdAt.number(deal.row)) / DAY_MS;
      return Number.isNaN(days) ? null : String(Math.max(0, Math.floor(days)));
    },
    num_associated_contacts: (deal) => String(linked(deal, CONTACT).length),
    hs_primary_associated_company: (deal) => primary(deal, COMPANY, [5]),
  },
  [LEAD]: {
    ...inStages,
    hs_pipeline_stage_category: (lead) => stageOf(lead)?.metadata["leadState"] ?? null,
    hs_lead_is_open: (lead) => String(!isClosed(lead)),
    hs_primary_contact_id: (lead) => primary(lead, CONTACT, [578]),
    hs_primary_company_id: (lead) => primary(lead, COMPANY, [610]),
  },
  [CONTACT]: {
    hs_is_contact: () => "true",
    num_associated_deals: (contact) => {
      const count = linked(contact, DEAL).length;
      return count === 0 ? null : String(count);
    },
  },
  [COMPANY]: {
    num_associated_contacts: (company) => String(linked(company, CONTACT).length),
    num_associated_deals: (company) => {
      const count = linked(company, DEAL).length;
      return count === 0 ? null : String(count);
    },
  },
  [TASK]: {
    hs_task_is_completed: (task) => (own(task, "hs_task_status") === "COMPLETED" ? "1" : "0"),
  },
};

/** How HubSpot works a property out whenever it is read, or undefined where it is kept. */
export const calculationOf = (typeId: string, name: string): Calculation | undefined =>
  CALCULATIONS[typeId]?.[name];
