import type { CountChart, RateBar, RateChart } from "../report-view/rot-section.ts";
import { bareAxis, type ChartSize, chartFigure, chartText } from "./draw-chart.ts";
import type { Html } from "./html.ts";

const ROW_HEIGHT = 28;
const WIDTH = { wide: 500, narrow: 330 } as const;
const NAME_WIDTH = { wide: 128, narrow: 96 } as const;
const VALUE_WIDTH = { wide: 108, narrow: 94 } as const;
const LINE_LABEL_HEIGHT = 22;

/** Bars of a rate, highest first, with a line at the rate of all. */
export function rateChartFigure(chart: RateChart, caption: string): Html {
  const overall = chart.overall;
  const line = overall === null ? null : { at: overall, text: `all ${chart.overallText}` };
  return barsFigure(chart.summary, caption, chart.bars, line);
}

/** Bars of counts, the largest first. */
export function countChartFigure(chart: CountChart, caption: string): Html {
  return barsFigure(chart.summary, caption, chart.bars, null);
}

interface ComparisonLine {
  readonly at: number;
  readonly text: string;
}

function barsFigure(
  summary: string,
  caption: string,
  bars: readonly RateBar[],
  line: ComparisonLine | null,
): Html {
  const top = line === null ? 4 : LINE_LABEL_HEIGHT;
  return chartFigure(summary, caption, (form) => ({
    size: { width: WIDTH[form], height: bars.length * ROW_HEIGHT + top, form },
    option: optionOf(bars, line, top, form),
  }));
}

function optionOf(
  bars: readonly RateBar[],
  line: ComparisonLine | null,
  top: number,
  form: ChartSize["form"],
) {
  const category = { type: "category", inverse: true, ...bareAxis };
  return {
    grid: { left: NAME_WIDTH[form] + 10, right: VALUE_WIDTH[form], top, bottom: 0 },
    xAxis: {
      type: "value",
      show: false,
      min: 0,
      max: Math.max(...bars.map((bar) => bar.value ?? 0), line?.at ?? 0, Number.EPSILON),
    },
    yAxis: [
      {
        ...category,
        data: bars.map((bar) => chartText(bar.label)),
        axisLabel: {
          color: "var(--ink)",
          width: NAME_WIDTH[form],
          overflow: "truncate",
          margin: 10,
          interval: 0,
        },
      },
      // The values stand in a column of their own, so that neither a long bar nor the line runs through them.
      {
        ...category,
        position: "right",
        data: bars.map((bar) => bar.text),
        axisLabel: {
          color: (_text: string, index: number) =>
            bars[index]?.tone === "bad" ? "var(--bad)" : "var(--ink)",
          margin: 8,
          interval: 0,
        },
      },
    ],
    series: [
      {
        type: "bar",
        silent: true,
        emphasis: { disabled: true },
        barWidth: 12,
        data: bars.map((bar) => ({
          value: bar.value ?? 0,
          itemStyle: { color: bar.tone === "bad" ? "var(--bad)" : "var(--bar)" },
        })),
        ...(line === null ? {} : { markLine: markLine(line) }),
      },
    ],
  };
}

function markLine(line: ComparisonLine) {
  return {
    silent: true,
    symbol: "none",
    data: [{ xAxis: line.at }],
    lineStyle: { color: "var(--mark)", type: [2, 3], width: 1 },
    label: {
      show: true,
      formatter: line.text,
      position: "start",
      distance: 4,
      color: "var(--soft)",
      fontSize: 11,
    },
  };
}
