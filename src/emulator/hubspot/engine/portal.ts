import type { Clock } from "../../../core/time.ts";
import { AssociationTypes } from "./association-types.ts";
import { Campaigns } from "./campaigns.ts";
import type { Change, WriteLogEntry } from "./changes.ts";
import { Lists } from "./lists.ts";
import { isNamed, type ObjectType, standardObjectTypes } from "./object-types.ts";
import { Owners } from "./owners.ts";
import { Pipelines } from "./pipelines.ts";
import { PropertySet } from "./property-sets.ts";
import { HubSpotRefusal } from "./refusal.ts";
import { LIFECYCLE_STAGES, stageProperties, standardGroup } from "./schema/standard-properties.ts";
import { Schemas } from "./schemas.ts";
import { SearchIndex } from "./search/search-index.ts";
import { defaultPortalSettings, type PortalSettings, type ValidationRule } from "./settings.ts";
import { AssociationStore } from "./store/association-store.ts";
import { RecordTable } from "./store/record-table.ts";
import { type Rewindable, RewindableCounter, RewindableMap } from "./store/rewindable.ts";

export interface PortalOptions {
  readonly clock: Clock;
  readonly portalId?: number;
  /** IANA name; the daily allowance ends at its midnight. */
  readonly timeZone?: string;
  readonly companyCurrency?: string;
}

/** What one unit of a currency was worth from an instant on, in the company's currency. */
interface ExchangeRate {
  readonly id: string;
  readonly fromCurrencyCode: string;
  readonly toCurrencyCode: string;
  readonly conversionRate: number;
  readonly effectiveAt: number;
  readonly visibleInUI: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Records made by clients begin here, far from anything a test loads by hand. */
const FIRST_ID = 30_000_000_001;

/** One HubSpot account in memory. It knows nothing of HTTP. */
export class Portal {
  readonly clock: Clock;
  readonly portalId: number;
  readonly timeZone: string;
  companyCurrency: string;
  readonly settings: PortalSettings = { ...defaultPortalSettings };
  readonly associations = new AssociationStore();
  readonly associationTypes = new AssociationTypes();
  readonly pipelines = new Pipelines();
  readonly owners = new Owners();
  readonly lists = new Lists();
  readonly campaigns = new Campaigns();
  readonly schemas = new Schemas();
  readonly exchangeRates = new RewindableMap<string, ExchangeRate>();
  readonly searchIndex = new SearchIndex();
  validationRules: readonly ValidationRule[] = [];
  writes: WriteLogEntry[] = [];
  private readonly types = new RewindableMap<string, ObjectType>();
  private readonly tables = new Map<string, RecordTable>();
  private readonly sets = new Map<string, PropertySet>();
  private readonly rateIds = new RewindableCounter(1);
  private readonly recordIds = new RewindableCounter(FIRST_ID);
  private readonly listeners: ((change: Change) => void)[] = [];
  private readonly kept: Rewindable[] = [];
  private readonly startCurrency: string;
  private isMarked = false;

  constructor(options: PortalOptions) {
    this.clock = options.clock;
    this.portalId = options.portalId ?? 24_700_001;
    this.timeZone = options.timeZone ?? "America/New_York";
    this.companyCurrency = options.companyCurrency ?? "USD";
    this.startCurrency = this.companyCurrency;
    for (const type of standardObjectTypes) this.addType(type);
    for (const type of ["contacts", "companies"]) {
      const { typeId, singular } = this.typeNamed(type);
      const set = this.properties(typeId);
      for (const stage of LIFECYCLE_STAGES) {
        for (const property of stageProperties(stage, stage, standardGroup(typeId, singular)))
          set.put(property);
      }
    }
    for (const [typeId, pipeline] of this.pipelines.everywhere()) {
      for (const stage of pipeline.stages) this.addStageProperties(typeId, stage.id, stage.label);
    }
    this.kept.push(
      this.types,
      this.associations,
      this.associationTypes,
      this.pipelines,
      this.owners,
      this.lists,
      this.campaigns,
      this.schemas,
      this.recordIds,
      this.rateIds,
      this.exchangeRates,
    );
  }

  now(): number {
    return this.clock.now().getTime();
  }

  addType(type: ObjectType): void {
    this.types.set(type.typeId, type);
  }
  /** Its table and properties stay, unreachable, for a reset. */
  removeType(typeId: string): void {
    this.types.delete(typeId);
  }
  allTypes(): Iterable<ObjectType> {
    return this.types.values();
  }
  findType(name: string): ObjectType | undefined {
    const direct = this.types.get(name);
    if (direct !== undefined) return direct;
    for (const type of this.types.values()) if (isNamed(type, name)) return type;
    return undefined;
  }
  /** @throws HubSpotRefusal unknown_object_type */
  typeNamed(name: string): ObjectType {
    const type = this.findType(name);
    if (type === undefined) throw new HubSpotRefusal("unknown_object_type", { name });
    return type;
  }
  table(typeId: string): RecordTable {
    const known = this.tables.get(typeId);
    if (known !== undefined) return known;
    const made = new RecordTable();
    if (this.isMarked) made.markStart();
    this.tables.set(typeId, made);
    return made;
  }
  properties(typeId: string): PropertySet {
    const known = this.sets.get(typeId);
    if (known !== undefined) return known;
    const made = new PropertySet(this.typeNamed(typeId));
    if (this.isMarked) made.markStart();
    this.sets.set(typeId, made);
    return made;
  }
  addStageProperties(typeId: string, stageId: string, label: string): void {
    const { singular } = this.typeNamed(typeId);
    const set = this.properties(typeId);
    for (const property of stageProperties(stageId, label, standardGroup(typeId, singular)))
      set.put(property);
  }
  nextRecordId(): number {
    return this.recordIds.next();
  }
  nextRateId(): number {
    return this.rateIds.next();
  }
  /** A loaded record's id is not given out again. */
  keepId(id: number): void {
    this.recordIds.skip(id);
  }

  /** Webhooks and the journal listen. */
  listen(listener: (change: Change) => void): void {
    this.listeners.push(listener);
  }
  emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
  logWrite(entry: Omit<WriteLogEntry, "at" | "crm">): void {
    this.writes.push({ at: new Date(this.now()).toISOString(), crm: "hubspot", ...entry });
  }

  /** The start company is in: `reset` comes back to here. */
  markStart(): void {
    this.isMarked = true;
    for (const part of [...this.kept, ...this.tables.values(), ...this.sets.values()]) part.markStart();
    this.writes = [];
  }
  reset(): void {
    for (const part of [...this.kept, ...this.tables.values(), ...this.sets.values()]) part.rewind();
    this.searchIndex.clear();
    this.writes = [];
    this.validationRules = [];
    this.companyCurrency = this.startCurrency;
    Object.assign(this.settings, defaultPortalSettings);
  }
}
