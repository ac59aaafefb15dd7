import { type Rewindable, RewindableCounter, RewindableMap } from "./store/rewindable.ts";

/** A custom object's definition; its properties stand in its property set. */
export interface ObjectSchema {
  readonly objectTypeId: string;
  readonly name: string;
  readonly fullyQualifiedName: string;
  readonly labels: { readonly singular: string; readonly plural: string };
  readonly description?: string;
  readonly primaryDisplayProperty: string;
  readonly secondaryDisplayProperties: readonly string[];
  readonly requiredProperties: readonly string[];
  readonly searchableProperties: readonly string[];
  readonly associatedObjects: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

export class Schemas implements Rewindable {
  readonly held = new RewindableMap<string, ObjectSchema>();
  private readonly numbers = new RewindableCounter(40_000_001);
  nextTypeId(): string {
    return `2-${this.numbers.next()}`;
  }
  markStart(): void {
    this.held.markStart();
    this.numbers.markStart();
  }
  rewind(): void {
    this.held.rewind();
    this.numbers.rewind();
  }
}
