import type { ObjectType } from "./object-types.ts";
import type { Portal } from "./portal.ts";
import { readProperty } from "./read-property.ts";
import { HubSpotRefusal } from "./refusal.ts";
import { printValue, type Stored } from "./values.ts";

/** @throws HubSpotRefusal rule_broken, for the first rule that the record would break */
export function checkRules(
  portal: Portal,
  type: ObjectType,
  row: number | undefined,
  values: ReadonlyMap<string, Stored>,
): void {
  const after = (name: string) => {
    const written = values.get(name);
    if (written !== undefined) return printValue(written);
    return row === undefined ? null : readProperty(portal, type, row, name);
  };
  for (const rule of portal.validationRules) {
    if (portal.findType(rule.objectType)?.typeId !== type.typeId) continue;
    if (rule.when === undefined ? row !== undefined : after(rule.when.property) !== rule.when.value) continue;
    if (after(rule.property) !== null) continue;
    const message = rule.message ?? `Property ${rule.property} is required`;
    throw new HubSpotRefusal(
      "rule_broken",
      { message },
      { errors: [{ message, code: "REQUIRED_PROPERTY", context: { propertyName: [rule.property] } }] },
    );
  }
}
