/** Reading parsed metadata XML, whose values come as text or typed, single or in lists. */

export type Content = Readonly<Record<string, unknown>>;

function isContent(value: unknown): value is Content {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textIn(content: Content, key: string): string | undefined {
  const value = first(content[key]);
  if (typeof value === "string") return value === "" ? undefined : value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  // A parser that keeps attributes wraps the text.
  return isContent(value) ? textIn(value, "#text") : undefined;
}

function first(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const items: readonly unknown[] = value;
  return items[0];
}

export function numberIn(content: Content, key: string): number | undefined {
  const text = textIn(content, key);
  if (text === undefined) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

export function isTrueIn(content: Content, key: string): boolean {
  return textIn(content, key)?.toLowerCase() === "true";
}

export function listIn(content: Content, key: string): readonly Content[] {
  const value = content[key];
  const items: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return items.filter(isContent);
}

export function childIn(content: Content, key: string): Content | undefined {
  return listIn(content, key)[0];
}

/** Same for equal content whatever the order of keys. */
export function fingerprint(value: unknown): string {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return `[${items.map(fingerprint).join(",")}]`;
  }
  if (isContent(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${key}:${fingerprint(item)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "";
}
