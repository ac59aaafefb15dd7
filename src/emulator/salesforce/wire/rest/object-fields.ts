import type { Org, Session } from "../../org.ts";

/** What the wire needs to know of a field, taken from the object's describe. */
export interface FieldFacts {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly custom: boolean;
  readonly createable: boolean;
  readonly updateable: boolean;
  readonly relationshipName: string | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/**
 * Fields of an object that the session sees, by name in lower case.
 * @throws VendorError NOT_FOUND for an unknown object.
 */
export function objectFields(org: Org, session: Session, object: string): ReadonlyMap<string, FieldFacts> {
  const described = org.describe(session, object)["fields"];
  const fields = new Map<string, FieldFacts>();
  if (!Array.isArray(described)) return fields;
  const entries: readonly unknown[] = described;
  for (const entry of entries) {
    if (typeof entry !== "object" || entry === null) continue;
    const facts: Readonly<Record<string, unknown>> = { ...entry };
    const name = text(facts["name"]);
    if (name === undefined) continue;
    fields.set(name.toLowerCase(), {
      name,
      type: text(facts["type"]) ?? "string",
      label: text(facts["label"]) ?? name,
      custom: facts["custom"] === true,
      createable: facts["createable"] === true,
      updateable: facts["updateable"] === true,
      relationshipName: text(facts["relationshipName"]),
    });
  }
  return fields;
}
