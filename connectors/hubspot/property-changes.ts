import type { PropertyFile } from "./package-documents.ts";
import type { PortalProperty } from "./portal-definitions.ts";

/**
 * What has to be sent so that a property is as wanted: label, words and options; options that people added stay. Null
 * where nothing differs, words where the property cannot become what is wanted.
 */
export function changesOf(
  found: PortalProperty,
  wanted: PropertyFile["body"],
): Readonly<Record<string, unknown>> | string | null {
  if (found.type !== wanted.type) {
    return `it is there with type ${found.type}, not ${wanted.type}: archive it in HubSpot, then run apply again`;
  }
  if ((found.hasUniqueValue ?? false) !== (wanted.hasUniqueValue ?? false)) {
    return "it is there and its values are not unique: archive it in HubSpot, then run apply again";
  }
  const ours = wanted.options ?? [];
  const theirs = found.options ?? [];
  const isMissing = ours.some(
    (option) => !theirs.some((other) => other.value === option.value && other.label === option.label),
  );
  const changes = {
    ...(found.label === wanted.label ? {} : { label: wanted.label }),
    ...((found.description ?? "") === wanted.description ? {} : { description: wanted.description }),
    ...(isMissing
      ? { options: [...ours, ...theirs.filter((other) => !ours.some(({ value }) => value === other.value))] }
      : {}),
  };
  return Object.keys(changes).length === 0 ? null : changes;
}

/** True where `found` says all that `wanted` says; the portal adds keys of its own. */
export function covers(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((each, index) => covers(found[index], each))
    );
  }
  if (typeof wanted !== "object" || wanted === null) return found === wanted;
  if (typeof found !== "object" || found === null) return false;
  const values = new Map<string, unknown>(Object.entries(found));
  return Object.entries(wanted).every(([key, value]) => covers(values.get(key), value));
}

/** True for a filter that tests a property of ours. */
export function isTestingOurs(filter: unknown): boolean {
  return JSON.stringify(filter ?? null).includes('"ripeline_');
}
