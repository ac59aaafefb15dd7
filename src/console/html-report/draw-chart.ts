import { BarChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkAreaComponent, MarkLineComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type Html, html, trusted } from "./html.ts";

use([BarChart, ScatterChart, GridComponent, MarkAreaComponent, MarkLineComponent, SVGRenderer]);

export interface ChartSize {
  readonly width: number;
  readonly height: number;
  /** A phone: less room for names. */
  readonly form: "wide" | "narrow";
}

/**
 * A figure with the chart drawn twice, for a desk and for a phone: scaling one drawing down makes its letters unreadable.
 * Colours are the page's CSS variables, so the same drawing serves light, dark and print.
 *
 * @param summary what the picture says, for readers who do not see it
 */
export function chartFigure(
  summary: string,
  caption: string | null,
  draw: (form: ChartSize["form"]) => { readonly size: ChartSize; readonly option: EChartsCoreOption },
): Html {
  const drawings = (["wide", "narrow"] as const).map((form) => {
    const { size, option } = draw(form);
    return html`<div class="${form}" aria-hidden="true">${drawSvg(option, size)}</div>`;
  });
  return html`<figure class="chart"><div role="img" aria-label="${summary}">${drawings}</div>${
    caption === null ? null : html`<figcaption>${caption}</figcaption>`
  }</figure>`;
}

/** Draws without a browser; text the chart library escapes itself. */
function drawSvg(option: EChartsCoreOption, size: ChartSize): Html {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: size.width, height: size.height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "transparent",
      textStyle: { fontFamily: "inherit", fontSize: 12, color: "var(--ink)" },
      ...option,
    });
    return trusted(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * A name for a drawing. The chart library caches widths of texts and of their words in a plain object: for a name such
 * as `__proto__` it would write into the prototype of every object of the process. An invisible word joiner prevents it.
 */
export function chartText(text: string): string {
  return text.replaceAll(/\w+/g, (word) => (INHERITED.has(word) ? `${word}\u2060` : word));
}

/** Axis pieces that are the same in every chart: no boxes, no ticks. */
export const bareAxis = {
  axisLine: { show: false },
  axisTick: { show: false },
  splitLine: { show: false },
} as const;
