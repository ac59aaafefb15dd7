import type { Tone } from "../report-view/cell.ts";
import type { EvidenceTable } from "../report-view/evidence-table.ts";
import type { EvidenceChapter } from "../report-view/report-view.ts";
import { type Html, html } from "./html.ts";
import { cutPart, valueOf } from "./parts.ts";

/** A chapter of more names than this is folded as a whole. */
const FOLD_ABOVE = 40;

/** The records behind the numbers, folded by member; ids lead to the record's page in the CRM. */
export function evidencePart(chapters: readonly EvidenceChapter[]): Html {
  return html`${chapters.map(chapterPart)}`;
}

function chapterPart(chapter: EvidenceChapter): Html {
  const groups = chapter.groups.map(
    (
      group,
    ) => html`<details id="${group.id}"><summary>${group.label}<span class="soft">${group.summary}</span></summary><div>
${group.tables.map((table) => evidenceTablePart(table))}</div></details>\n`,
  );
  if (chapter.groups.length <= FOLD_ABOVE) return html`<h3 id="${chapter.id}">${chapter.title}</h3>${groups}`;
  const count = chapter.groups.length.toLocaleString("en");
  return html`<details class="chapter"><summary id="${chapter.id}"><h3>${chapter.title}</h3><span class="soft">${count} names</span></summary><div>${groups}</div></details>`;
}

function evidenceTablePart(table: EvidenceTable): Html {
  const captionId = `${table.id}-caption`;
  return html`<div class="scroll" role="region" tabindex="0" aria-labelledby="${captionId}" id="${table.id}"><table>
<caption><span id="${captionId}">${table.caption}</span></caption>
<thead><tr>${table.headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${table.rows.map(
    (row) =>
      html`<tr><th scope="row" class="record">${
        row.url === null ? row.recordId : html`<a href="${row.url}" rel="noreferrer">${row.recordId}</a>`
      }</th>${row.cells.map((cell) =>
        cell.note === undefined
          ? html`<td${toneClass(cell.tone)}>${valueOf(cell)}</td>`
          : html`<td${toneClass(cell.tone)}>${valueOf(cell)}: ${cell.note}</td>`,
      )}</tr>\n`,
  )}</tbody></table></div>${cutPart(table.rows.length, table.total, table.allCommand)}`;
}

/** Thousands of plain cells need no class. */
function toneClass(tone: Tone): Html | null {
  return tone === "plain" ? null : html` class="${tone}"`;
}
