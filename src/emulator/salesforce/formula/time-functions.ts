import { asNumber, asScalar, asText, type Evaluation, type ScalarType } from "./expression.ts";
import { at, type FormulaFunction, mapScalar } from "./function-kit.ts";
import { addMonths, parseInstant, parseTime, startOfDay } from "./temporal.ts";

/** A number read off a day or a time of day. */
function part(type: ScalarType, read: (moment: Date) => number): FormulaFunction {
  return {
    min: 1,
    max: 1,
    compile: (args, where) => {
      const moment = asScalar(at(args, 0), type, where);
      return {
        type: "number",
        run: (e) => {
          const value = moment(e);
          return value === null ? null : read(new Date(value));
        },
      };
    },
  };
}

/** A day or instant from text, a date or an instant. Text that is no date is blank (#Error! on the vendor's pages). */
function toMoment(type: "date" | "datetime"): FormulaFunction {
  const convert = type === "date" ? startOfDay : (value: number): number => value;
  return {
    min: 1,
    max: 1,
    compile: (args, where) => {
      const value = at(args, 0);
      if (value.type === "date" || value.type === "datetime") {
        return { type, run: mapScalar(value.run, convert) };
      }
      const text = asText(value, where);
      return { type, run: mapScalar((e) => parseInstant(text(e)), convert) };
    },
  };
}

function constant(type: ScalarType, read: (e: Evaluation) => number): FormulaFunction {
  return { min: 0, max: 0, compile: () => ({ type, run: read }) };
}

/** Days, instants and times of day, all UTC. */
export const TIME_FUNCTIONS: readonly (readonly [string, FormulaFunction])[] = [
  ["now", constant("datetime", (e) => e.now)],
  ["today", constant("date", (e) => startOfDay(e.now))],
  ["timenow", constant("time", (e) => e.now - startOfDay(e.now))],
  ["datevalue", toMoment("date")],
  ["datetimevalue", toMoment("datetime")],
  [
    "timevalue",
    {
      min: 1,
      max: 1,
      compile: (args, where) => {
        const value = at(args, 0);
        if (value.type === "datetime") {
          return { type: "time", run: mapScalar(value.run, (instant) => instant - startOfDay(instant)) };
        }
        const text = asText(value, where);
        return { type: "time", run: (e) => parseTime(text(e)) };
      },
    },
  ],
  [
    "date",
    {
      min: 3,
      max: 3,
      compile: (args, where) => {
        const [year, month, day] = [0, 1, 2].map((index) => asNumber(at(args, index), where));
        return {
          type: "date",
          run: (e) => {
            const y = year?.(e) ?? null;
            const m = month?.(e) ?? null;
            const d = day?.(e) ?? null;
            if (y === null || m === null || d === null) {
              return null;
            }
            return parseInstant(
              `${String(y).padStart(4, "0")}-${String(m).padStart(2, "0")}-${String(d).padStart(2, "0")}`,
            );
          },
        };
      },
    },
  ],
  [
    "addmonths",
    {
      min: 2,
      max: 2,
      compile: (args, where) => {
        const moment = at(args, 0);
        const type = moment.type === "datetime" ? "datetime" : "date";
        const day = asScalar(moment, type, where);
        const months = asNumber(at(args, 1), where);
        return {
          type,
          run: (e) => {
            const from = day(e);
            const count = months(e);
            return from === null || count === null ? null : addMonths(from, count);
          },
        };
      },
    },
  ],
  ["year", part("date", (moment) => moment.getUTCFullYear())],
  ["month", part("date", (moment) => moment.getUTCMonth() + 1)],
  ["day", part("date", (moment) => moment.getUTCDate())],
  ["weekday", part("date", (moment) => moment.getUTCDay() + 1)],
  ["hour", part("time", (moment) => moment.getUTCHours())],
  ["minute", part("time", (moment) => moment.getUTCMinutes())],
  ["second", part("time", (moment) => moment.getUTCSeconds())],
];
