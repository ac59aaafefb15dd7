import { HubSpotRefusal } from "./refusal.ts";
import { type AssociationType, standardAssociationTypes } from "./schema/association-types.ts";
import { type Rewindable, RewindableCounter, RewindableMap } from "./store/rewindable.ts";

/** Labels between two objects, beyond which HubSpot answers 437. */
const MOST_LABELS = 50;

/** Kinds of links by the two types they are between. */
export class AssociationTypes implements Rewindable {
  private readonly byPair = new RewindableMap<string, readonly AssociationType[]>();
  /** Custom pairs have unlabelled types too, numbered when first asked for. */
  private readonly numbers = new RewindableCounter(1);

  constructor() {
    for (const type of standardAssociationTypes) this.put(type);
  }

  between(from: string, to: string): readonly AssociationType[] {
    this.ensureDefault(from, to);
    return this.byPair.get(`${from}>${to}`) ?? [];
  }
  /** The unlabelled type. */
  defaultOf(from: string, to: string): AssociationType {
    const type = this.between(from, to).find((one) => one.isDefault);
    if (type === undefined) throw new Error(`no default association from ${from} to ${to}`);
    return type;
  }
  /** @throws HubSpotRefusal association_type_unknown */
  get(from: string, to: string, typeId: number): AssociationType {
    const type = this.between(from, to).find((one) => one.typeId === typeId);
    if (type === undefined) throw new HubSpotRefusal("association_type_unknown", { typeId, from, to });
    return type;
  }
  /** Makes a label, one for each way where `inverseLabel` is given. */
  addLabel(
    from: string,
    to: string,
    label: string,
    name: string,
    inverseLabel?: string,
  ): readonly AssociationType[] {
    const own = this.between(from, to).filter((one) => one.category === "USER_DEFINED");
    if (own.length >= MOST_LABELS) throw new HubSpotRefusal("too_many_labels");
    if (own.some((one) => one.name === name)) throw new HubSpotRefusal("label_exists", { name });
    const typeId = this.numbers.next();
    const inverse = from === to && inverseLabel === undefined ? typeId : this.numbers.next();
    const base = { category: "USER_DEFINED", isDefault: false, name } as const;
    const forward = { ...base, from, to, typeId, inverse, label };
    const back = {
      ...base,
      from: to,
      to: from,
      typeId: inverse,
      inverse: typeId,
      label: inverseLabel ?? label,
    };
    this.put(forward);
    if (inverse !== typeId) this.put(back);
    return inverse === typeId ? [forward] : [forward, back];
  }
  removeLabel(from: string, to: string, typeId: number): void {
    const type = this.get(from, to, typeId);
    if (type.category !== "USER_DEFINED")
      throw new HubSpotRefusal("association_type_unknown", { typeId, from, to });
    for (const [pair, unwanted] of [
      [`${from}>${to}`, typeId],
      [`${to}>${from}`, type.inverse],
    ] as const) {
      this.byPair.set(
        pair,
        (this.byPair.get(pair) ?? []).filter((one) => one.typeId !== unwanted),
      );
    }
  }
  markStart(): void {
    this.byPair.markStart();
    this.numbers.markStart();
  }
  rewind(): void {
    this.byPair.rewind();
    this.numbers.rewind();
  }

  private put(type: AssociationType): void {
    const pair = `${type.from}>${type.to}`;
    this.byPair.set(pair, [...(this.byPair.get(pair) ?? []), type]);
  }
  private ensureDefault(from: string, to: string): void {
    if (this.byPair.get(`${from}>${to}`)?.some((one) => one.isDefault) === true) return;
    const typeId = this.numbers.next();
    const inverse = from === to ? typeId : this.numbers.next();
    const base = { category: "HUBSPOT_DEFINED", label: null, isDefault: true } as const;
    this.put({ ...base, from, to, typeId, inverse });
    if (inverse !== typeId) this.put({ ...base, from: to, to: from, typeId: inverse, inverse: typeId });
  }
}
