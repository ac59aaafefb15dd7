/**
 * HubSpot has two ways to write an address: `/crm/v3/objects/contacts` and, dated, `/crm/objects/2026-09/contacts`.
 * The operations know the second; this makes it of the first.
 */

const LEGACY: readonly (readonly [pattern: RegExp, dated: string])[] = [
  [/^\/crm\/(v[34])\/schemas(?=\/|$)/i, "/crm-object-schemas/$1/schemas"],
  [
    /^\/crm\/(v[34])\/(objects|properties|pipelines|owners|lists|associations|limits|imports|exports)(?=\/|$)/i,
    "/crm/$2/$1",
  ],
  [/^\/marketing\/(v3)\/campaigns(?=\/|$)/i, "/marketing/campaigns/$1"],
  [/^\/settings\/(v3)\/currencies(?=\/|$)/i, "/settings/currencies/$1"],
];

/** Written both ways for the same calls. */
const DATED = /^\d{4}-\d{2}$/;
const DATES: readonly string[] = ["2026-03", "2026-09"];

export const modernPath = (path: string): string => {
  for (const [pattern, dated] of LEGACY) if (pattern.test(path)) return path.replace(pattern, dated);
  return path;
};

/** Numbered versions in which an operation is served beside the dated ones. */
function numberedVersions(operation: string): readonly string[] {
  if (operation.startsWith("hubspot/oauth/")) return ["v1", "v3"];
  if (operation === "associations/batch/read") return ["v3", "v4"];
  if (/^(?:record\/)?associations\b/.test(operation)) return ["v4"];
  return operation.startsWith("journal") ? [] : ["v3"];
}

/** Whether HubSpot serves the operation in an address's version. */
export const isServed = (operation: string, version: string): boolean =>
  [...numberedVersions(operation), ...DATES].includes(version.toLowerCase());

/** Paths of 2026-09 and later keep the account's validation rules. */
export const keepsRules = (version: string): boolean => DATED.test(version) && version >= "2026-09";

const ROOTS =
  /^\/(?:crm|crm-object-schemas|marketing|settings|account-info|oauth|webhooks|webhooks-journal|integrations)(?:\/|$|\?)/;

/** Everything below these is HubSpot's, known or not. */
export const isHubSpotPath = (path: string): boolean => ROOTS.test(path);
