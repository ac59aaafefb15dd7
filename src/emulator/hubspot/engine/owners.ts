import { HubSpotRefusal } from "./refusal.ts";
import { type Rewindable, RewindableMap } from "./store/rewindable.ts";

export interface Owner {
  readonly id: string;
  readonly email: string;
  readonly type: "PERSON" | "QUEUE";
  readonly firstName: string;
  readonly lastName: string;
  /** Null for those who have left. */
  readonly userId: number | null;
  readonly userIdIncludingInactive: number;
  readonly teams: readonly { readonly id: string; readonly name: string; readonly primary: boolean }[];
  readonly archived: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Who records can belong to. Leavers are archived, and stay owners of what they had. */
export class Owners implements Rewindable {
  private readonly held = new RewindableMap<string, Owner>();

  put(owner: Owner): void {
    this.held.set(owner.id, owner);
  }
  find(id: string): Owner | undefined {
    return this.held.get(id);
  }
  /** @throws HubSpotRefusal owner_not_found */
  get(id: string, by: "id" | "userId", archived: boolean): Owner {
    const owner =
      by === "id"
        ? this.held.get(id)
        : [...this.held.values()].find((one) => String(one.userIdIncludingInactive) === id);
    if (owner === undefined || owner.archived !== archived)
      throw new HubSpotRefusal("owner_not_found", { id });
    return owner;
  }
  /** In the order of their ids. */
  all(): readonly Owner[] {
    return [...this.held.values()].toSorted((left, right) => Number(left.id) - Number(right.id));
  }
  markStart(): void {
    this.held.markStart();
  }
  rewind(): void {
    this.held.rewind();
  }
}
