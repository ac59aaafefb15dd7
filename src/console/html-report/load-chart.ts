import type { LoadChart } from "../report-view/line-section.ts";
import { bareAxis, type ChartSize, chartFigure, chartText } from "./draw-chart.ts";
import type { Html } from "./html.ts";

const ROW_HEIGHT = 28;
const WIDTH = { wide: 1000, narrow: 330 } as const;
const NAME_WIDTH = { wide: 160, narrow: 96 } as const;
const VALUE_WIDTH = { wide: 150, narrow: 76 } as const;
const BAR_HEIGHT = 13;

/** Bars of what each rep holds, with a mark at capacity. */
export function loadChartFigure(chart: LoadChart): Html {
  const hasCapacity = chart.bars.some((bar) => bar.capacity !== null);
  const caption =
    "Dark: open leads. Light: open opportunities." +
    (hasCapacity ? " The upright mark is the rep’s capacity; bars that pass it are drawn in red." : "");
  return chartFigure(chart.summary, caption, (form) => ({
    size: { width: WIDTH[form], height: chart.bars.length * ROW_HEIGHT + 6, form },
    option: optionOf(chart, form),
  }));
}

function optionOf(chart: LoadChart, form: ChartSize["form"]) {
  const bars = chart.bars;
  const longest = Math.max(
    1,
    ...bars.map((bar) => Math.max(bar.leads + bar.opportunities, bar.capacity ?? 0)),
  );
  const common = {
    type: "bar",
    stack: "held",
    silent: true,
    emphasis: { disabled: true },
    barWidth: BAR_HEIGHT,
  };
  return {
    grid: { left: NAME_WIDTH[form] + 12, right: VALUE_WIDTH[form], top: 0, bottom: 6 },
    xAxis: { type: "value", show: false, min: 0, max: longest },
    yAxis: {
      type: "category",
      inverse: true,
      ...bareAxis,
      data: bars.map((bar) => chartText(bar.label)),
      axisLabel: {
        color: "var(--ink)",
        width: NAME_WIDTH[form],
        overflow: "truncate",
        margin: 12,
        interval: 0,
      },
    },
    series: [
      {
        ...common,
        data: bars.map((bar) => ({
          value: bar.leads,
          itemStyle: { color: bar.isOver ? "var(--bad)" : "var(--bar)" },
        })),
      },
      {
        ...common,
        data: bars.map((bar) => ({
          value: bar.opportunities,
          itemStyle: { color: bar.isOver ? "var(--bad)" : "var(--bar)", opacity: 0.55 },
        })),
      },
      ...capacityMarks(chart),
      {
        type: "scatter",
        silent: true,
        symbolSize: 0,
        itemStyle: { opacity: 1 },
        data: bars.map((bar, index) => ({
          value: [Math.max(bar.leads + bar.opportunities, bar.capacity ?? 0), index],
          label: {
            show: true,
            position: "right",
            distance: 9,
            color: bar.isOver ? "var(--bad)" : "var(--ink)",
            formatter: valueText(bar, form),
          },
        })),
      },
    ],
  };
}

function valueText(bar: LoadChart["bars"][number], form: ChartSize["form"]): string {
  const held = String(bar.leads + bar.opportunities);
  if (bar.capacity === null) return held;
  const capacity = String(Math.round(bar.capacity));
  return form === "wide" ? `${held} of ${capacity}` : `${held} / ${capacity}`;
}

function capacityMarks(chart: LoadChart) {
  const marks = chart.bars.flatMap((bar, index) => (bar.capacity === null ? [] : [[bar.capacity, index]]));
  if (marks.length === 0) return [];
  return [
    {
      type: "scatter",
      silent: true,
      symbol: "rect",
      symbolSize: [2, BAR_HEIGHT + 8],
      itemStyle: { color: "var(--mark)" },
      data: marks,
      z: 5,
    },
  ];
}
