import { type Rewindable, RewindableMap } from "./rewindable.ts";

/** What a link says beside its two ends; the default is the pair's unlabelled type. */
export interface LinkType {
  readonly category: "HUBSPOT_DEFINED" | "USER_DEFINED" | "INTEGRATOR_DEFINED";
  readonly typeId: number;
}

type Targets = number | readonly number[];

const listOf = (targets: Targets | undefined): readonly number[] =>
  targets === undefined ? [] : typeof targets === "number" ? [targets] : targets;

/** Links from records of one type to records of another. One target costs a number, not a list. */
class DirectedPair implements Rewindable {
  readonly targets = new RewindableMap<number, Targets>();
  /** Labels of links that have any beyond the default: `from:to`. */
  readonly labels = new RewindableMap<string, readonly LinkType[]>();

  of(from: number): readonly number[] {
    return listOf(this.targets.get(from));
  }
  add(from: number, to: number): boolean {
    const known = this.targets.get(from);
    if (known === undefined) {
      this.targets.set(from, to);
      return true;
    }
    const list = listOf(known);
    if (list.includes(to)) return false;
    this.targets.set(from, [...list, to]);
    return true;
  }
  remove(from: number, to: number): boolean {
    const list = this.of(from);
    if (!list.includes(to)) return false;
    const rest = list.filter((one) => one !== to);
    if (rest.length === 0) this.targets.delete(from);
    else this.targets.set(from, rest.length === 1 ? (rest[0] ?? 0) : rest);
    this.labels.delete(`${from}:${to}`);
    return true;
  }
  markStart(): void {
    this.targets.markStart();
    this.labels.markStart();
  }
  rewind(): void {
    this.targets.rewind();
    this.labels.rewind();
  }
}

/** Every link of the portal, from both ends. Types are type ids such as `0-1`. */
export class AssociationStore implements Rewindable {
  private readonly pairs = new Map<string, DirectedPair>();
  private isMarked = false;

  /** Ids that a record is linked to, in the order they were linked. */
  targets(fromType: string, toType: string, from: number): readonly number[] {
    return this.pairs.get(`${fromType}>${toType}`)?.of(from) ?? [];
  }
  labels(fromType: string, toType: string, from: number, to: number): readonly LinkType[] {
    return this.pairs.get(`${fromType}>${toType}`)?.labels.get(`${from}:${to}`) ?? [];
  }
  /** @returns whether it is new */
  link(fromType: string, from: number, toType: string, to: number): boolean {
    this.pair(toType, fromType).add(to, from);
    return this.pair(fromType, toType).add(from, to);
  }
  unlink(fromType: string, from: number, toType: string, to: number): boolean {
    this.pair(toType, fromType).remove(to, from);
    return this.pair(fromType, toType).remove(from, to);
  }
  label(fromType: string, from: number, toType: string, to: number, labels: readonly LinkType[]): void {
    const { labels: kept } = this.pair(fromType, toType);
    if (labels.length === 0) kept.delete(`${from}:${to}`);
    else kept.set(`${from}:${to}`, labels);
  }
  /** Types that any record of `fromType` is linked to. */
  targetTypes(fromType: string): readonly string[] {
    return [...this.pairs.keys()]
      .filter((key) => key.startsWith(`${fromType}>`))
      .map((key) => key.slice(fromType.length + 1));
  }
  markStart(): void {
    this.isMarked = true;
    for (const pair of this.pairs.values()) pair.markStart();
  }
  rewind(): void {
    for (const pair of this.pairs.values()) pair.rewind();
  }
  private pair(fromType: string, toType: string): DirectedPair {
    const key = `${fromType}>${toType}`;
    const known = this.pairs.get(key);
    if (known !== undefined) return known;
    const made = new DirectedPair();
    if (this.isMarked) made.markStart();
    this.pairs.set(key, made);
    return made;
  }
}
