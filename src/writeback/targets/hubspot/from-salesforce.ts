import type { TargetField, TargetObject, TargetType } from "../target.ts";

/** `Ripeline_Rots_At__c` is `ripeline_rots_at` in HubSpot. */
export function hubspotName(name: string): string {
  return name.replace(/__c$/, "").toLowerCase();
}

/** HubSpot's ids are numbers of up to a dozen digits; a campaign's is a GUID. */
const ID_LENGTH = 64;

/** A type as HubSpot can keep it: it has no references to other records, and nothing but a key is indexed. */
function typeOf(type: TargetType): TargetType {
  switch (type.kind) {
    case "lookup":
      return { kind: "text", length: ID_LENGTH };
    case "external_id":
      return type.isKey ? type : { kind: "text", length: type.length };
    case "text":
    case "long_text":
    case "checkbox":
    case "date":
    case "datetime":
    case "number":
    case "currency":
    case "choice":
    case "formula":
      return type;
  }
}

/**
 * The fields of a Salesforce object as properties: same column, same label and words. What Salesforce computes by a
 * formula is left out, since HubSpot's have no clock; `words` replaces help that speaks of Salesforce, by column.
 */
export function propertiesOf(
  target: Pick<TargetObject, "fields">,
  words: Readonly<Record<string, string>> = {},
): readonly TargetField[] {
  return target.fields
    .filter((field) => field.type.kind !== "formula")
    .map((field) => ({
      ...field,
      name: hubspotName(field.name),
      type: typeOf(field.type),
      help: (field.source.from === "column" ? words[field.source.column] : undefined) ?? field.help,
    }));
}
