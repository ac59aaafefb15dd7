import type { ObjectType } from "./object-types.ts";
import { HubSpotRefusal } from "./refusal.ts";
import type { PropertyDefinition } from "./schema/property-definition.ts";
import { standardGroup, standardProperties } from "./schema/standard-properties.ts";
import { type Rewindable, RewindableMap } from "./store/rewindable.ts";

export interface PropertyGroup {
  readonly name: string;
  readonly label: string;
  readonly displayOrder: number;
  readonly archived: boolean;
  readonly hubspotDefined: boolean;
}

/** Properties and groups of one object type, by name; names do not depend on case. */
export class PropertySet implements Rewindable {
  private readonly held = new RewindableMap<string, PropertyDefinition>();
  readonly groups = new RewindableMap<string, PropertyGroup>();

  constructor(type: ObjectType) {
    const group = standardGroup(type.typeId, type.singular);
    this.groups.set(group, {
      name: group,
      label: `${type.singular} information`,
      displayOrder: 0,
      archived: false,
      hubspotDefined: true,
    });
    for (const property of standardProperties(type.typeId, type.singular)) this.put(property);
  }

  /** An active definition. */
  find(name: string): PropertyDefinition | undefined {
    const property = this.held.get(name.toLowerCase());
    return property?.archived === true ? undefined : property;
  }
  /** @throws HubSpotRefusal property_not_found */
  get(name: string, archived = false): PropertyDefinition {
    const property = this.held.get(name.toLowerCase());
    if (property === undefined || property.archived !== archived) {
      throw new HubSpotRefusal("property_not_found", { name });
    }
    return property;
  }
  /** Archived ones too. */
  all(): Iterable<PropertyDefinition> {
    return this.held.values();
  }
  put(property: PropertyDefinition): void {
    this.held.set(property.name.toLowerCase(), property);
  }
  archivedNamed(name: string): PropertyDefinition | undefined {
    const property = this.held.get(name.toLowerCase());
    return property?.archived === true ? property : undefined;
  }
  markStart(): void {
    this.held.markStart();
    this.groups.markStart();
  }
  rewind(): void {
    this.held.rewind();
    this.groups.rewind();
  }
}
