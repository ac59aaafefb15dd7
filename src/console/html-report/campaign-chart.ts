import type { Format } from "../report-view/format.ts";
import type { CampaignPoint, PipelineChart } from "../report-view/pipeline-section.ts";
import { type AxisRange, axisRange, share } from "./axis-range.ts";
import { bareAxis, type ChartSize, chartFigure, chartText } from "./draw-chart.ts";
import type { Html } from "./html.ts";
import { type LabelPlace, placeLabels } from "./place-labels.ts";

const SIZE = { wide: { width: 1000, height: 430 }, narrow: { width: 330, height: 340 } } as const;
const DOT = { smallest: 8, largest: 30 } as const;

const LABEL_WIDTH = { wide: 190, narrow: 110 } as const;

interface Frame {
  readonly x: AxisRange;
  readonly y: AxisRange;
  readonly form: ChartSize["form"];
  readonly mostInvested: number;
}

/** Campaigns by cost per lead and pipeline per dollar; the two corners where the cheap lead misleads are shaded. */
export function campaignChartFigure(chart: PipelineChart, format: Pick<Format, "moneyTick">): Html {
  const hasMedians = chart.medianCostPerLead !== null;
  const caption =
    "Each dot is a campaign, larger with more investment." +
    (hasMedians
      ? " Dotted lines are the medians of the campaigns compared. Low on the left, leads look cheap but return little; high on the right, they look dear but return much."
      : "");
  return chartFigure(chart.summary, caption, (form) => ({
    size: { ...SIZE[form], form },
    option: optionOf(chart, form, format.moneyTick),
  }));
}

function optionOf(chart: PipelineChart, form: ChartSize["form"], money: (value: number) => string) {
  const isNarrow = form === "narrow";
  const frame: Frame = {
    x: axisRange(chart.points.map((point) => point.costPerLead)),
    y: axisRange(chart.points.map((point) => point.pipelinePerDollar)),
    form,
    mostInvested: Math.max(...chart.points.map((point) => point.investment)),
  };
  const margins = { left: isNarrow ? 44 : 56, right: isNarrow ? 14 : 24, top: 30, bottom: 46 };
  return {
    grid: margins,
    xAxis: { ...axis(frame.x, money), name: "Cost per lead", nameLocation: "middle", nameGap: 30 },
    yAxis: {
      ...axis(frame.y, money),
      name: `Pipeline per ${chart.oneUnit}`,
      nameLocation: "end",
      nameGap: 14,
      nameTextStyle: { color: "var(--soft)", align: "left", padding: [0, 0, 0, isNarrow ? -38 : -48] },
    },
    series: [
      {
        type: "scatter",
        silent: true,
        emphasis: { disabled: true },
        data: dots(chart.points, frame, margins),
        ...corners(chart, frame),
      },
    ],
  };
}

function axis(range: AxisRange, money: (value: number) => string) {
  return {
    ...bareAxis,
    ...range,
    nameTextStyle: { color: "var(--soft)" },
    axisLabel: { color: "var(--soft)", formatter: (value: number) => money(value), hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: "var(--line)" } },
  };
}

interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function dots(points: readonly CampaignPoint[], frame: Frame, margins: Margins) {
  const { width, height } = SIZE[frame.form];
  const across = width - margins.left - margins.right;
  const up = height - margins.top - margins.bottom;
  const places = placeLabels(
    points.map((point) => ({
      x: margins.left + share(frame.x, point.costPerLead) * across,
      y: height - margins.bottom - share(frame.y, point.pipelinePerDollar) * up,
      radius: dotSize(point, frame) / 2,
      text: point.label,
      isWanted: point.verdict !== "none",
    })),
    { width, height: height - margins.bottom },
    LABEL_WIDTH[frame.form],
  );
  return points.map((point, index) => dot(point, frame, places[index] ?? null));
}

function dotSize(point: CampaignPoint, frame: Frame): number {
  const size = frame.mostInvested > 0 ? Math.sqrt(point.investment / frame.mostInvested) : 0;
  const scale = frame.form === "narrow" ? 0.7 : 1;
  return Math.max(DOT.smallest, DOT.largest * size * scale);
}

const COLOURS = { cheap_but_poor: "var(--bad)", dear_but_rich: "var(--good)", none: "var(--bar)" } as const;

function dot(point: CampaignPoint, frame: Frame, place: LabelPlace | null) {
  const isTrapped = point.verdict !== "none";
  const colour = COLOURS[point.verdict];
  return {
    value: [point.costPerLead, point.pipelinePerDollar],
    symbolSize: dotSize(point, frame),
    itemStyle: { color: colour, opacity: 0.9 },
    label: {
      show: place !== null && (frame.form === "wide" || isTrapped),
      position: place ?? "right",
      distance: 6,
      color: isTrapped ? colour : "var(--soft)",
      textBorderColor: "var(--paper)",
      textBorderWidth: 3,
      fontSize: isTrapped ? 12 : 11,
      width: LABEL_WIDTH[frame.form],
      overflow: "truncate",
      formatter: () => chartText(point.label),
    },
  };
}

function corners(chart: PipelineChart, frame: Frame) {
  const { medianCostPerLead: midX, medianPipelinePerDollar: midY } = chart;
  if (midX === null || midY === null) return {};
  const words = { color: "var(--soft)", fontSize: 11, show: frame.form === "wide" };
  return {
    markLine: {
      silent: true,
      symbol: "none",
      label: { show: false },
      lineStyle: { color: "var(--soft)", type: [2, 3], width: 1 },
      data: [{ xAxis: midX }, { yAxis: midY }],
    },
    markArea: {
      silent: true,
      data: [
        [
          {
            name: "cheap leads, poor pipeline",
            xAxis: frame.x.min,
            yAxis: frame.y.min,
            itemStyle: { color: "var(--bad-area)" },
            label: { ...words, position: "insideBottomLeft" },
          },
          { xAxis: midX, yAxis: midY },
        ],
        [
          {
            name: "dear leads, rich pipeline",
            xAxis: midX,
            yAxis: midY,
            itemStyle: { color: "var(--good-area)" },
            label: { ...words, position: "insideTopRight" },
          },
          { xAxis: frame.x.max, yAxis: frame.y.max },
        ],
      ],
    },
  };
}
