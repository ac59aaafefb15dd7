import type { FieldValues } from "../org.ts";
import { COMPANY_ZONE, OFFICE_CLOSES, OFFICE_OPENS, publicHolidays } from "./calendar.ts";
import { idSequence } from "./record-ids.ts";

/** Stages by name: percent, forecast category, and whether they end the opportunity. */
export const STAGES = [
  { name: "Qualification", probability: 10, forecast: "Pipeline", isClosed: false, isWon: false },
  { name: "Needs Analysis", probability: 25, forecast: "Pipeline", isClosed: false, isWon: false },
  { name: "Proposal", probability: 50, forecast: "BestCase", isClosed: false, isWon: false },
  { name: "Negotiation", probability: 75, forecast: "Forecast", isClosed: false, isWon: false },
  { name: "Closed Won", probability: 100, forecast: "Closed", isClosed: true, isWon: true },
  { name: "Closed Lost", probability: 0, forecast: "Omitted", isClosed: true, isWon: false },
] as const;

export type Stage = (typeof STAGES)[number];

const FORECAST_LABELS: Readonly<Record<Stage["forecast"], string>> = {
  Pipeline: "Pipeline",
  BestCase: "Best Case",
  Forecast: "Commit",
  Closed: "Closed",
  Omitted: "Omitted",
};

export const LEAD_STATUSES = {
  fresh: "Open - Not Contacted",
  working: "Working - Contacted",
  nurture: "Nurture",
  unqualified: "Unqualified",
  closed: "Closed - Not Converted",
  converted: "Closed - Converted",
} as const;

/** Lead statuses: the first is the default, the last the one conversion sets. */
export function leadStatusRows(): readonly FieldValues[] {
  return Object.values(LEAD_STATUSES).map((label, index) => ({
    MasterLabel: label,
    ApiName: label,
    SortOrder: index + 1,
    IsDefault: label === LEAD_STATUSES.fresh,
    IsConverted: label === LEAD_STATUSES.converted,
  }));
}

/** Opportunity stages in their order; the standard stages an org is born with are switched off. */
export function stageRows(): readonly FieldValues[] {
  const retired = [
    "Prospecting",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
  ];
  return [
    ...STAGES.map((stage, index) => ({
      MasterLabel: stage.name,
      ApiName: stage.name,
      SortOrder: index + 1,
      IsActive: true,
      IsClosed: stage.isClosed,
      IsWon: stage.isWon,
      DefaultProbability: stage.probability,
      ForecastCategory: stage.forecast,
      ForecastCategoryName: FORECAST_LABELS[stage.forecast],
    })),
    ...retired.map((name, index) => ({
      MasterLabel: name,
      ApiName: name,
      SortOrder: STAGES.length + index + 1,
      IsActive: false,
      IsClosed: false,
      IsWon: false,
    })),
  ];
}

/** Euro is the corporate currency; a dollar is worth 1/1.08 of it. */
export const USD_PER_EUR = 1.08;
export function currencyRows(): readonly FieldValues[] {
  return [
    { IsoCode: "EUR", ConversionRate: 1, DecimalPlaces: 2, IsActive: true, IsCorporate: true },
    { IsoCode: "USD", ConversionRate: USD_PER_EUR, DecimalPlaces: 2, IsActive: true, IsCorporate: false },
  ];
}

const time = (hour: number): string => `${String(hour).padStart(2, "0")}:00:00.000Z`;

/** Monday to Friday, nine to five, in the company's zone. A day without times is closed. */
export function businessHoursRows(): readonly FieldValues[] {
  const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
  return [
    {
      Name: "Default",
      IsActive: true,
      IsDefault: true,
      TimeZoneSidKey: COMPANY_ZONE,
      ...Object.fromEntries(
        days.flatMap((day) => [
          [`${day}StartTime`, time(OFFICE_OPENS)],
          [`${day}EndTime`, time(OFFICE_CLOSES)],
        ]),
      ),
      ...Object.fromEntries(
        ["Saturday", "Sunday"].flatMap((day) => [
          [`${day}StartTime`, null],
          [`${day}EndTime`, null],
        ]),
      ),
    },
  ];
}

/** Public holidays of the years given, each a whole day. */
export function holidayRows(firstYear: number, lastYear: number): readonly FieldValues[] {
  const nextId = idSequence("Holiday");
  return [...publicHolidays(firstYear, lastYear)].map(([date, name]) => ({
    Id: nextId(),
    Name: name,
    ActivityDate: date,
    IsAllDay: true,
    IsRecurrence: false,
  }));
}
