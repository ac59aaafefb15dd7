/** Colours by what they mean. Text on paper reaches 4.5:1, drawn shapes 3:1; a test measures both themes. */
const LIGHT = `
  --paper: #fbfaf6; --card: #ffffff; --ink: #1f231c; --soft: #5a6054; --line: #e2dfd3; --faint: #f3f1e9;
  --bar: #7d8c73; --bar-second: #b9a46a; --mark: #1f231c;
  --bad: #a63d1f; --bad-area: #fbeee7; --warning: #855600; --good: #2c6838; --good-area: #edf5ea;`;
const DARK = `
  --paper: #151713; --card: #1c1f19; --ink: #ecebe3; --soft: #a9ae9f; --line: #363a31; --faint: #20231d;
  --bar: #77866c; --bar-second: #a08c52; --mark: #ecebe3;
  --bad: #f0906d; --bad-area: #36231c; --warning: #e2b350; --good: #8ec997; --good-area: #1e2c1f;`;

/** The page's style sheet: one column of text, numbers in tables, light and dark by the reader's setting, plain in print. */
export const reportStyle = `
:root { color-scheme: light dark; ${LIGHT}
  --text: "Inter", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--text);
  font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
.page { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem; }
h1, h2, h3, h4 { line-height: 1.2; letter-spacing: -0.012em; text-wrap: balance; margin: 0; font-weight: 650; }
h1 { font-size: clamp(1.8rem, 1.2rem + 2.6vw, 2.75rem); letter-spacing: -0.025em; }
h2 { font-size: 1.5rem; }
h3 { font-size: 1rem; }
p { margin: 0; max-width: 44rem; }
a { color: inherit; text-decoration: underline dotted 1px; text-decoration-color: var(--soft); text-underline-offset: 0.22em; }
a:hover { text-decoration-style: solid; }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 3px; border-radius: 2px; }
.soft { color: var(--soft); }
.small { font-size: 0.86rem; }
.brand { font-weight: 650; letter-spacing: -0.01em; margin-bottom: 1.75rem; display: flex; gap: 0.5rem; align-items: center; }
.brand svg { width: 1.05rem; height: 1.05rem; }
.masthead p { margin-top: 0.5rem; max-width: none; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.3rem 1.4rem; margin: 1.25rem 0 0; padding: 0; font-size: 0.92rem; }
.masthead .warning-box { margin-top: 1.5rem; padding: 0.9rem 1.1rem; background: var(--bad-area); border-left: 3px solid var(--bad); max-width: none; }
.headlines { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 2.25rem; margin-top: 2.5rem; }
.headline { border-top: 2px solid var(--ink); padding-top: 0.9rem; display: flex; flex-direction: column; }
.headline h2 { font-size: 0.95rem; font-weight: 600; letter-spacing: 0; }
.headline .figure { font-size: clamp(2.6rem, 2rem + 2.2vw, 3.5rem); font-weight: 600; line-height: 1.1; letter-spacing: -0.035em; margin: 0.35rem 0 0.1rem; }
.headline .figure a { text-decoration: none; }
.headline .figure.quiet { font-weight: 400; color: var(--soft); letter-spacing: -0.02em; }
.headline .detail { color: var(--soft); font-size: 0.9rem; min-height: 1.4em; }
.headline .plain { margin-top: 0.6rem; }
.headline .formula { margin-top: 0.75rem; font-size: 0.84rem; color: var(--soft); }
.headline .more { margin-top: 0.6rem; font-size: 0.88rem; }
main > section { margin-top: 4rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
main > section > p { margin-top: 0.5rem; }
.block { margin-top: 2rem; }
.block h3 { margin-bottom: 0.6rem; }
.block > p + .facts, .block > p + .pair { margin-top: 1rem; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2.5rem; }
.finding { font-size: 1.15rem; line-height: 1.45; letter-spacing: -0.006em; }
figure { margin: 0; }
figcaption { font-size: 0.86rem; color: var(--soft); margin-top: 0.35rem; }
.chart svg { display: block; width: 100%; height: auto; font-family: var(--text); }
.chart .narrow { display: none; }
.no-chart { color: var(--soft); padding: 1.1rem 1.2rem; background: var(--faint); max-width: none; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: 1.25rem 2rem; margin: 0; }
.facts dt { font-size: 0.86rem; color: var(--soft); line-height: 1.35; }
.facts dd { margin: 0.15rem 0 0; font-weight: 600; }
.facts .note, .headline .note { display: block; font-weight: 400; font-size: 0.86rem; color: var(--soft); }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
caption { text-align: left; font-size: 0.86rem; color: var(--soft); padding: 0 0 0.35rem; }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(44rem, calc(100vw - 2rem)); }
th, td { padding: 0.42rem 0 0.42rem 1.2rem; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; }
thead th { font-size: 0.8rem; font-weight: 550; color: var(--soft); vertical-align: bottom; line-height: 1.3; border-bottom-color: var(--soft); }
tbody th { font-weight: 500; min-width: 9rem; }
.right { text-align: right; }
td.right { white-space: nowrap; }
td a { text-decoration-color: var(--line); }
td a:hover { text-decoration-color: currentColor; }
td.left { white-space: nowrap; }
td .detail, dd .detail { color: var(--soft); font-size: 0.84em; font-weight: 400; margin-left: 0.4em; }
sup { font-size: 0.7em; line-height: 0; margin-left: 0.12em; color: var(--soft); }
.bad { color: var(--bad); } .warning { color: var(--warning); } .good { color: var(--good); } .quiet { color: var(--soft); font-weight: 400; }
td.bad, td.good { font-weight: 550; }
.notes { margin: 0.6rem 0 0; padding: 0; list-style: none; font-size: 0.84rem; color: var(--soft); max-width: 52rem; }
.cut { margin-top: 0.5rem; font-size: 0.86rem; color: var(--soft); max-width: none; }
code { font: 0.92em var(--mono); overflow-wrap: anywhere; }
.plain-list { margin: 0.75rem 0 0; padding-left: 1.1rem; max-width: 44rem; }
.rows details { border-bottom: 1px solid var(--line); }
.rows summary { cursor: pointer; padding: 0.55rem 0; }
.rows summary .soft { font-size: 0.88rem; margin-left: 0.5rem; }
.rows details[open] > summary { font-weight: 600; }
.rows details > div { padding: 0 0 1.25rem; }
.rows .scroll { margin-top: 0.5rem; }
.rows table { font-size: 0.84rem; }
.rows td, .rows th { white-space: nowrap; padding-top: 0.26rem; padding-bottom: 0.26rem; }
.rows h3 { margin: 2rem 0 0.5rem; font-size: 1.08rem; }
.rows summary h3 { display: inline; margin: 0; }
.rows .chapter { margin-top: 1.5rem; }
.rows .chapter > div { padding-left: 1rem; }
.record { font-family: var(--mono); font-size: 0.92em; font-weight: 400; }
:target { scroll-margin-top: 1rem; }
.scroll:target caption span, summary:target, details:target > summary { background: var(--faint); }
footer { margin-top: 4rem; color: var(--soft); font-size: 0.86rem; }
.on-paper { display: none; }
/* Side by side on a small screen or on paper, the phone's drawings have the right size for their letters. */
@media (max-width: 60rem) { .pair .chart .wide { display: none; } .pair .chart .narrow { display: block; } }
@media (max-width: 46rem) {
  .page { padding: 1.5rem 1rem 3rem; }
  .headlines, .pair { grid-template-columns: minmax(0, 1fr); gap: 2rem; }
  .headline .detail { min-height: 0; }
  main > section { margin-top: 3rem; }
  .chart .wide { display: none; }
  .chart .narrow { display: block; max-width: 30rem; }
  th, td { padding-left: 1.1rem; }
  .facts { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
  .block .scroll tbody th:first-child { position: sticky; left: 0; background: var(--paper); }
}
@media print {
  :root { color-scheme: light; ${LIGHT} --paper: #ffffff; --faint: #ffffff; }
  @page { margin: 16mm 14mm; }
  body { font-size: 9.5pt; }
  .page { max-width: none; padding: 0; }
  nav, .headline .more, .rows details:not([open]) { display: none; }
  a { text-decoration: none; }
  .on-paper { display: block; }
  main > section { margin-top: 1.6rem; }
  .headlines { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.5rem; margin-top: 1.5rem; }
  .headline .figure { font-size: 2.4rem; }
  .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.5rem; }
  .chart .wide { display: block; } .chart .narrow { display: none; }
  .pair .chart .wide { display: none; } .pair .chart .narrow { display: block; max-width: 17rem; }
  figure, .pair, .headline, .facts > div, tr, .warning-box { break-inside: avoid; }
  h2, h3, caption, .finding, .block > p { break-after: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  .new-page { break-before: page; border-top: 0; }
  .warning-box, .no-chart { background: none; border: 1px solid var(--line); border-left: 3px solid var(--bad); }
}
`;

/** The page's only script: opens the list that a link points into. Without it the browser still goes to the place. */
export const reportScript = `
"use strict";
const open = () => {
  const id = decodeURIComponent(location.hash.slice(1));
  const place = id === "" ? null : document.getElementById(id);
  if (place === null) return;
  for (let at = place.closest("details"); at !== null; at = at.parentElement.closest("details")) at.open = true;
  place.scrollIntoView();
};
addEventListener("hashchange", open);
addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href^='#']") : null;
  if (link !== null && link.hash === location.hash) open();
});
open();
`;
