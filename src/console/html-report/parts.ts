import { type Cell, noteMark, type TableView, tableNotes } from "../report-view/cell.ts";
import type { Fact } from "../report-view/rot-section.ts";
import { type Html, html } from "./html.ts";

/** A value, linked to the rows behind it where it has any. */
export function valueOf(cell: Cell): Html {
  const value =
    cell.target === undefined ? html`${cell.text}` : html`<a href="#${cell.target}">${cell.text}</a>`;
  return cell.detail === undefined ? value : html`${value}<span class="detail">${cell.detail}</span>`;
}

/** A table in a box of its own that scrolls sideways where it must, with its notes below. */
export function tablePart(table: TableView): Html {
  if (table.rows.length === 0) return html`<p class="no-chart" id="${table.id}">${table.whenEmpty}</p>`;
  const notes = tableNotes(table);
  const captionId = `${table.id}-caption`;
  return html`<div class="scroll" role="region" tabindex="0" aria-labelledby="${captionId}" id="${table.id}"><table>
<caption><span id="${captionId}">${table.caption}</span></caption>
<thead><tr>${table.columns.map(
    (column) => html`<th scope="col" class="${column.align}">${column.heading}</th>`,
  )}</tr></thead>
<tbody>${table.rows.map((row) => tableRow(table, row, notes))}</tbody></table></div>
${
  notes.length === 0
    ? null
    : html`<ul class="notes">${notes.map((note, index) => html`<li><sup>${noteMark(index)}</sup> ${note}</li>`)}</ul>`
}${cutPart(table.rows.length, table.total, table.allCommand)}`;
}

function tableRow(table: TableView, row: readonly Cell[], notes: readonly string[]): Html {
  const cells = row.map((cell, index) => {
    const mark = cell.note === undefined ? null : html`<sup>${noteMark(notes.indexOf(cell.note))}</sup>`;
    const align = table.columns[index]?.align ?? "left";
    if (index === 0) return html`<th scope="row">${valueOf(cell)}${mark}</th>`;
    return html`<td class="${align} ${cell.tone}">${valueOf(cell)}${mark}</td>`;
  });
  return html`<tr>${cells}</tr>\n`;
}

/** Says that a list is cut, and how to see all of it. */
export function cutPart(shown: number, total: number, command: string | null): Html | null {
  if (shown >= total) return null;
  const how = command === null ? null : html`; <code>${command}</code> lists all`;
  return html`<p class="cut">First ${shown.toLocaleString("en")} of ${total.toLocaleString("en")}${how}.</p>`;
}

/** Labelled values, each with its reason in full: there is room for it here. */
export function factsPart(facts: readonly Fact[]): Html {
  return html`<dl class="facts">${facts.map(
    ({ label, cell }) =>
      html`<div><dt>${label}</dt><dd class="${cell.tone}">${valueOf(cell)}${
        cell.note === undefined ? null : html`<span class="note">${cell.note}</span>`
      }</dd></div>\n`,
  )}</dl>`;
}
