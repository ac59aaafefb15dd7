import { isJsonObject } from "../read-json.ts";

/** A `@{...}` that leads nowhere; the vendor's words. */
export class BrokenReferenceError extends Error {
  constructor(path: string, reference: string) {
    super(`Invalid reference specified. No value for ${path} found in ${reference}`);
    this.name = "BrokenReferenceError";
  }
}

const REFERENCE = /@\{([A-Za-z0-9]\w*)((?:\.\w+|\[\d+\])*)\}/g;
const WHOLE_REFERENCE = /^@\{([A-Za-z0-9]\w*)((?:\.\w+|\[\d+\])*)\}$/;

/** The body of the answer with this reference id, undefined where there is none yet. */
export type AnswerLookup = (reference: string) => unknown;

function follow(value: unknown, step: string): unknown {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    return list[Number(step)];
  }
  return isJsonObject(value) ? value[step] : undefined;
}

function resolve(lookup: AnswerLookup, reference: string, path: string): unknown {
  const steps = [...path.matchAll(/\.(\w+)|\[(\d+)\]/g)].map((step) => step[1] ?? step[2] ?? "");
  const value = steps.reduce(follow, lookup(reference));
  if (value === undefined || value === null) throw new BrokenReferenceError(`${reference}${path}`, reference);
  return value;
}

/** A number that prints with its decimal is no text yet. */
const textOf = (value: unknown): string => (JSON.isRawJSON(value) ? value.rawJSON : String(value));

function fillText(text: string, lookup: AnswerLookup): unknown {
  const whole = WHOLE_REFERENCE.exec(text);
  if (whole !== null) {
    const value = resolve(lookup, whole[1] ?? "", whole[2] ?? "");
    return JSON.isRawJSON(value) ? Number(value.rawJSON) : value;
  }
  return text.replace(REFERENCE, (_all, reference: string, path: string) =>
    textOf(resolve(lookup, reference, path)),
  );
}

/**
 * A copy of a subrequest's url or body with every `@{reference.path}` replaced by what the earlier answer holds.
 * @throws BrokenReferenceError where the answer has no such value, because it failed for instance.
 */
export function fillReferences(value: unknown, lookup: AnswerLookup): unknown {
  if (typeof value === "string") return value.includes("@{") ? fillText(value, lookup) : value;
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    return list.map((entry) => fillReferences(entry, lookup));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, fillReferences(entry, lookup)]),
  );
}
