import { XMLParser, XMLValidator } from "fast-xml-parser";
import { isJsonObject, type JsonObject } from "../read-json.ts";

/** XML that is not well formed, with the place. */
export class XmlError extends Error {
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.name = "XmlError";
    this.line = line;
  }
}

/** Elements that may stand several times: always lists, so that one is not taken for another form. */
const REPEATED = new Set([
  "types",
  "members",
  "fields",
  "listViews",
  "validationRules",
  "recordTypes",
  "webLinks",
  "fieldSets",
  "businessProcesses",
  "compactLayouts",
  "indexes",
  "sharingReasons",
  "fieldPermissions",
  "objectPermissions",
  "tabSettings",
  "tabVisibilities",
  "applicationVisibilities",
  "classAccesses",
  "pageAccesses",
  "userPermissions",
  "customPermissions",
  "recordTypeVisibilities",
  "customSettingAccesses",
  "columns",
  "filters",
  "sharingOwnerRules",
  "sharingCriteriaRules",
]);

/** Texts stay texts (`true`, `18`): XML has no other type, and a formula is not a number because it looks like one. */
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  htmlEntities: true,
  isArray: (name) => REPEATED.has(name),
});

/**
 * The root element of an XML text: its name and content.
 * @throws XmlError
 */
export function readXml(text: string): { readonly root: string; readonly content: JsonObject } {
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw new XmlError(verdict.err.msg, verdict.err.line);
  const parsed: unknown = parser.parse(text);
  const entries = isJsonObject(parsed)
    ? Object.entries(parsed).filter(([name]) => !name.startsWith("?"))
    : [];
  const [first] = entries;
  if (first === undefined) throw new XmlError("there is no root element", 1);
  const [root, content] = first;
  return { root, content: isJsonObject(content) ? content : {} };
}

/** The text of an element, empty where it is absent or has elements inside. */
export const xmlText = (value: unknown): string => (typeof value === "string" ? value : "");

export const xmlList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === "" ? [] : [value];

/** Members by metadata type, as package.xml and destructiveChanges.xml list them. */
export type Manifest = ReadonlyMap<string, ReadonlySet<string>>;

/** @throws XmlError */
export function readManifest(text: string): Manifest {
  const manifest = new Map<string, Set<string>>();
  for (const entry of xmlList(readXml(text).content["types"])) {
    if (!isJsonObject(entry)) continue;
    const name = xmlText(entry["name"]);
    const members = manifest.get(name) ?? new Set<string>();
    for (const member of xmlList(entry["members"])) members.add(String(member));
    manifest.set(name, members);
  }
  return manifest;
}

export function isListed(manifest: Manifest, type: string, fullName: string): boolean {
  const members = manifest.get(type);
  return members !== undefined && (members.has(fullName) || members.has("*"));
}
