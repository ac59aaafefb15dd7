import { type Rewindable, RewindableCounter, RewindableMap } from "./store/rewindable.ts";

/** A line of a campaign's budget or spend. It has no date of its own: only when it was written. */
export interface MoneyItem {
  readonly id: string;
  readonly name: string;
  readonly amount: number;
  readonly order: number;
  readonly description?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type MoneyKind = "budget" | "spend";

/** What hangs on a campaign beside its properties, by the campaign's GUID. */
interface CampaignParts {
  /** Record of object type 0-35 that holds the properties. */
  readonly recordId: number;
  readonly budget: readonly MoneyItem[];
  readonly spend: readonly MoneyItem[];
  /** Ids by asset type: FORM, MARKETING_EMAIL, ... */
  readonly assets: Readonly<Record<string, readonly string[]>>;
}

export class Campaigns implements Rewindable {
  readonly parts = new RewindableMap<string, CampaignParts>();
  /** GUID by record, for searches of 0-35. */
  readonly guidOf = new RewindableMap<number, string>();
  private readonly numbers = new RewindableCounter(5_000_001);
  /** What a new campaign's record gets besides. */
  add(recordId: number, guid: string): void {
    this.parts.set(guid, { recordId, budget: [], spend: [], assets: {} });
    this.guidOf.set(recordId, guid);
  }
  nextItemId(): string {
    return String(this.numbers.next());
  }
  keepItemId(id: number): void {
    this.numbers.skip(id);
  }
  markStart(): void {
    for (const part of [this.parts, this.guidOf, this.numbers]) part.markStart();
  }
  rewind(): void {
    for (const part of [this.parts, this.guidOf, this.numbers]) part.rewind();
  }
}
