import type { MetricText } from "../../core/report-data.ts";

/** Turns values into English text: the same words on paper, on a screen and in a terminal. */
export interface Format {
  count(value: number): string;
  /** 0..1 to a percentage: one decimal below 10%, none from there on; what is more than nothing is never shown as 0%. */
  ratio(value: number): string;
  /** Whole units from 100 up, cents below; a plain number where the workspace has no currency. */
  money(value: number): string;
  /** Money on an axis: cents only where there are some. */
  moneyTick(value: number): string;
  /** Money brought by one unit of money: always with cents. */
  moneyRatio(value: number): string;
  /** One unit of the currency, "$1", for headings; "dollar" where the currency is not known. */
  oneUnit: string;
  hours(value: number): string;
  days(value: number): string;
  /** Day and minute in the workspace's zone. */
  instant(value: Date): string;
  /** A calendar day given as `YYYY-MM-DD`. */
  day(value: string): string;
  /** A value in its metric's unit. */
  metric(unit: MetricText["unit"], value: number): string;
}

const LOCALE = "en";
/** "21 Nov 2026" cannot be misread on either side of the Atlantic; "11/21/2026" can. */
const DAY_LOCALE = "en-GB";

const SMALLEST_RATIO = 0.001;

/** Texts for one workspace: its IANA zone and its ISO 4217 currency (null: none known). */
export function createFormat(options: {
  readonly timeZone: string;
  readonly currency: string | null;
}): Format {
  const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
  const oneDecimal = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
  const twoDecimals = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 });
  const percent = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 0 });
  const finePercent = new Intl.NumberFormat(LOCALE, {
    style: "percent",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const money = moneyFormats(options.currency);
  const instant = new Intl.DateTimeFormat(DAY_LOCALE, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: options.timeZone,
  });
  const day = new Intl.DateTimeFormat(DAY_LOCALE, {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  const format: Format = {
    count: (value) => (Number.isInteger(value) ? whole : oneDecimal).format(value),
    ratio: (value) => {
      if (value > 0 && value < SMALLEST_RATIO) return `under ${finePercent.format(SMALLEST_RATIO)}`;
      return (value === 0 || Math.abs(value) >= 0.0995 ? percent : finePercent).format(value);
    },
    money: (value) => (Math.abs(value) >= 100 || value === 0 ? money.whole : money.cents).format(value),
    moneyTick: (value) => (Number.isInteger(value) ? money.whole : money.cents).format(value),
    moneyRatio: (value) => money.cents.format(value),
    oneUnit: options.currency === null ? "dollar" : money.whole.format(1),
    hours: (value) =>
      value >= 72 ? `${oneDecimal.format(value / 24)} days` : `${oneDecimal.format(value)} h`,
    days: (value) => `${oneDecimal.format(value)} days`,
    instant: (value) => instant.format(value),
    day: (value) => day.format(new Date(`${value}T00:00:00Z`)),
    metric: (unit, value) => {
      switch (unit) {
        case "ratio":
          return format.ratio(value);
        case "money":
          return format.money(value);
        case "money_ratio":
          return format.moneyRatio(value);
        case "hours":
          return format.hours(value);
        case "days":
          return format.days(value);
        case "number":
          return twoDecimals.format(value);
        case "count":
        case "text":
          return format.count(value);
      }
    },
  };
  return format;
}

function moneyFormats(currency: string | null): { whole: Intl.NumberFormat; cents: Intl.NumberFormat } {
  const style: Intl.NumberFormatOptions = currency === null ? {} : { style: "currency", currency };
  return {
    whole: new Intl.NumberFormat(LOCALE, { ...style, minimumFractionDigits: 0, maximumFractionDigits: 0 }),
    cents: new Intl.NumberFormat(LOCALE, { ...style, minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  };
}
