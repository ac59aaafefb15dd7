/** Markup that is safe to put on a page as it is. Only {@link html} and {@link trusted} make it. */
export interface Html {
  readonly markup: string;
}

/** What may stand in a template: text is escaped, markup is not, lists are joined, null and undefined leave nothing. */
export type HtmlPart = string | number | Html | null | undefined | readonly HtmlPart[];

/** A template whose values are escaped, for text and for double-quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let markup = strings[0] ?? "";
  parts.forEach((part, index) => {
    markup += render(part) + (strings[index + 1] ?? "");
  });
  return { markup };
}

/** Vouches for markup of our own making (style sheets, drawn charts). Never give it anything a CRM said. */
export function trusted(markup: string): Html {
  return { markup };
}

function render(part: HtmlPart): string {
  if (part === null || part === undefined) return "";
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return String(part);
  if (isList(part)) return part.map(render).join("");
  return part.markup;
}

/** `Array.isArray` does not narrow a readonly array away from the other members of the union. */
function isList(part: Html | readonly HtmlPart[]): part is readonly HtmlPart[] {
  return Array.isArray(part);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an element or a quoted attribute; control characters that no page may hold are dropped. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll(/\p{Cc}/gu, (character) => (/[\t\n\r]/.test(character) ? " " : ""))
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
