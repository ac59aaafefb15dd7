import { createHash } from "node:crypto";
import type { ReportData } from "../../core/report-data.ts";
import type { TableView } from "../report-view/cell.ts";
import { ROWS_ID } from "../report-view/evidence-groups.ts";
import { createFormat } from "../report-view/format.ts";
import type { Headline } from "../report-view/headlines.ts";
import { buildReportView, type ReportView, type RunSection } from "../report-view/report-view.ts";
import type { RateChart } from "../report-view/rot-section.ts";
import { campaignChartFigure } from "./campaign-chart.ts";
import { evidencePart } from "./evidence-part.ts";
import { type Html, html, trusted } from "./html.ts";
import { loadChartFigure } from "./load-chart.ts";
import { factsPart, tablePart, valueOf } from "./parts.ts";
import { countChartFigure, rateChartFigure } from "./rate-chart.ts";
import { reportScript, reportStyle } from "./report-style.ts";

/**
 * The report as one HTML file that needs nothing else: style, charts (inline SVG) and rows are in it, and its content
 * security policy forbids the page to ask anybody for anything.
 */
export function renderHtmlReport(data: ReportData): string {
  const view = buildReportView(data);
  return page(view, data).markup;
}

function page(view: ReportView, data: ReportData): Html {
  const scriptHash = createHash("sha256").update(reportScript).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${view.title}: ripeline report, ${view.asOf}</title>
<link rel="icon" href="data:,">
<style>${trusted(reportStyle)}</style>
</head>
<body>
<div class="page">
${masthead(view)}
<main>
<div class="headlines">${view.headlines.map(headlinePart)}</div>
${rotPart(view)}
${pipelinePart(view, data)}
${linePart(view)}
${view.run === null ? null : costPart(view.run, view.crms)}
${trustPart(view)}
<section id="${ROWS_ID}" class="rows new-page" aria-labelledby="${ROWS_ID}-title">
<h2 id="${ROWS_ID}-title">The rows behind the numbers</h2>
<p class="soft">Every number above leads here. Open a name to see its records${
    view.hasLinks ? `; an id opens the record in ${view.crms}.` : "."
  }</p>
<p class="on-paper soft">On paper only the lists that were open are printed.</p>
${evidencePart(view.chapters)}
</section>
</main>
<footer><p>Made by ripeline from what ${view.crms} held at ${view.asOf}. Nothing on this page is sent anywhere.</p></footer>
</div>
<script>${trusted(reportScript)}</script>
</body>
</html>
`;
}

function masthead(view: ReportView): Html {
  const links = [
    ["rot", "Rotting leads"],
    ["pipeline", `Pipeline per ${view.oneUnit}`],
    ["line", "The reps’ line"],
    ...(view.run === null ? [] : ([["cost", "What it wrote"]] as const)),
    ["trust", "How far to trust it"],
    [ROWS_ID, "Rows"],
  ] as const;
  return html`<header class="masthead">
<p class="brand"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M8 8 V1 A7 7 0 0 1 15 8 Z" fill="currentColor"/></svg>ripeline</p>
<h1>${view.title}</h1>
<p class="soft">As of ${view.asOf} · ${view.origin}</p>
<nav aria-label="Parts of the report"><ul>${links.map(([id, words]) => html`<li><a href="#${id}">${words}</a></li>`)}</ul></nav>
${view.warning === null ? null : html`<p class="warning-box" role="note">${view.warning}</p>`}
</header>`;
}

function headlinePart(headline: Headline): Html {
  const { cell } = headline;
  return html`<section class="headline" aria-labelledby="${headline.id}">
<h2 id="${headline.id}">${headline.label}</h2>
<p class="figure ${cell.tone}">${valueOf({ text: cell.text, tone: cell.tone, ...(cell.target === undefined ? {} : { target: cell.target }) })}</p>
<p class="detail">${cell.detail}${cell.note === undefined ? null : html`<span class="note">${cell.note}</span>`}</p>
<p class="plain">${headline.plain}</p>
<p class="formula">${headline.formula}</p>
${cell.target === undefined ? null : html`<p class="more"><a href="#${cell.target}">See ${headline.linkText}</a></p>`}
</section>\n`;
}

function rotPart(view: ReportView): Html {
  const { rot } = view;
  return html`<section id="rot" aria-labelledby="rot-title">
<h2 id="rot-title">Rotting leads</h2>
<p class="soft">A lead rots when its deadline passes before anybody has called, written or met. It goes cold when it was touched once and then left.</p>
<div class="pair block">
<div><h3>By source</h3>${rateFigure(rot.sourceChart, rot.sourceTable)}</div>
<div><h3>By rep</h3>${rateFigure(rot.repChart, rot.repTable)}</div>
</div>
${rot.history.length === 0 ? null : html`<div class="block"><h3>Over the whole history</h3>${factsPart(rot.history)}</div>`}
<div class="block"><h3>Leads on the floor</h3>
<p class="soft small">Qualified, but owned by no rep: in a queue, with a robot, or with nobody.</p>
${
  rot.undeliveredChart === null
    ? factsPart(rot.undelivered)
    : html`<div class="pair"><div>${factsPart(rot.undelivered)}</div><div>${countChartFigure(rot.undeliveredChart, "Undelivered leads by source.")}</div></div>`
}</div>
<div class="block">${tablePart(rot.sourceTable)}</div>
${blockOf(rot.repTable.rows.length === 0 ? null : rot.repTable)}
</section>`;
}

function rateCaption(chart: RateChart): string {
  const what = "Share of the leads being worked that are past their deadline.";
  return chart.leftOut === 0 ? what : `${what} ${chart.leftOut} more, smaller or lower, are in the table.`;
}

function rateFigure(chart: RateChart | null, table: TableView): Html {
  if (chart !== null) return rateChartFigure(chart, rateCaption(chart));
  const why =
    table.rows.length === 0
      ? table.whenEmpty
      : "Nothing to draw: the rate is unknown in every row; the table says why.";
  return html`<p class="no-chart">${why}</p>`;
}

function blockOf(table: TableView | null): Html | null {
  return table === null ? null : html`<div class="block">${tablePart(table)}</div>`;
}

function pipelinePart(view: ReportView, data: ReportData): Html {
  const { pipeline } = view;
  const format = createFormat({ timeZone: data.run.timeZone, currency: data.run.currency });
  return html`<section id="pipeline" class="new-page" aria-labelledby="pipeline-title">
<h2 id="pipeline-title">What an invested ${view.oneUnit} brings</h2>
<p class="finding block">${pipeline.finding}</p>
<div class="block">${
    pipeline.chart === null
      ? html`<p class="no-chart">Nothing to draw: no campaign has both a cost per lead and a pipeline per ${view.oneUnit}.</p>`
      : campaignChartFigure(pipeline.chart, format)
  }</div>
<div class="block">${factsPart(pipeline.facts)}</div>
<div class="block">${tablePart(pipeline.table)}</div>
</section>`;
}

function linePart(view: ReportView): Html {
  const { line } = view;
  return html`<section id="line" class="new-page" aria-labelledby="line-title">
<h2 id="line-title">The reps’ line</h2>
<p class="soft">What each rep holds right now: open leads and open opportunities, against what they can carry.</p>
<div class="block">${line.chart === null ? html`<p class="no-chart">${line.repTable.whenEmpty}</p>` : loadChartFigure(line.chart)}</div>
${blockOf(line.chart === null && line.repTable.rows.length === 0 ? null : line.repTable)}
${blockOf(line.teamTable.rows.length === 0 ? null : line.teamTable)}
</section>`;
}

function costPart(run: RunSection, crms: string): Html {
  return html`<section id="cost" class="new-page" aria-labelledby="cost-title">
<h2 id="cost-title">What it wrote to ${crms}, and what that cost</h2>
${run.timing === "" ? null : html`<p class="soft">Time: ${run.timing}.</p>`}
<div class="pair block"><div>${tablePart(run.written)}</div><div>${tablePart(run.calls)}</div></div>
</section>`;
}

function trustPart(view: ReportView): Html {
  const { trust } = view;
  return html`<section id="trust" aria-labelledby="trust-title">
<h2 id="trust-title">How far to trust it</h2>
<div class="block">${factsPart(trust.facts)}</div>
${trust.notes.length === 0 ? null : html`<ul class="plain-list">${trust.notes.map((note) => html`<li>${note}</li>`)}</ul>`}
<div class="pair block"><div>${tablePart(trust.counts)}</div><div>${tablePart(trust.hiddenFields)}</div></div>
</section>`;
}
