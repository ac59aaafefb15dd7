import { type Rewindable, RewindableCounter, RewindableMap } from "./store/rewindable.ts";

/** A list (segment). Members of a dynamic one follow from its filter whenever they are asked for. */
export interface List {
  readonly listId: string;
  readonly name: string;
  readonly objectTypeId: string;
  readonly processingType: "MANUAL" | "DYNAMIC" | "SNAPSHOT";
  readonly filterBranch: unknown;
  readonly members: readonly number[];
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt?: number;
}

export class Lists implements Rewindable {
  readonly held = new RewindableMap<string, List>();
  private readonly numbers = new RewindableCounter(1);
  nextId(): string {
    return String(this.numbers.next());
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
