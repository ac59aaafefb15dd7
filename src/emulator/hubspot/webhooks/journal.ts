import type { Change } from "../engine/changes.ts";
import type { Portal } from "../engine/portal.ts";
import { instantText } from "../engine/store/columns.ts";

interface JournalSubscription {
  readonly id: number;
  readonly objectTypeId: string;
  readonly actions: readonly string[];
  readonly properties: readonly string[];
}

interface Entry {
  readonly offset: number;
  readonly publishedAt: number;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

/** What happened, to be fetched: the pull side of webhooks. One entry for each event here; HubSpot packs them. */
export interface Journal {
  subscribe(subscription: Omit<JournalSubscription, "id">): JournalSubscription;
  subscriptions(): readonly JournalSubscription[];
  unsubscribe(id: number): boolean;
  earliest(): Entry | undefined;
  latest(): Entry | undefined;
  /** The one after an offset. */
  next(offset: number): Entry | undefined;
  at(offset: number): Entry | undefined;
  clear(): void;
}

const ACTIONS: Readonly<Record<Change["kind"], string>> = {
  creation: "CREATE",
  deletion: "DELETE",
  propertyChange: "UPDATE",
  merge: "MERGE",
  restore: "RESTORE",
  associationChange: "ASSOCIATION_ADDED",
};

const actionOf = (change: Change) =>
  change.isRemoved === true ? "ASSOCIATION_REMOVED" : ACTIONS[change.kind];

export function createJournal(portal: Portal): Journal {
  let subscriptions: JournalSubscription[] = [];
  let entries: Entry[] = [];
  let nextId = 1;
  portal.listen((change) => {
    const action = actionOf(change);
    const isWanted = subscriptions.some(
      ({ objectTypeId, actions, properties }) =>
        objectTypeId === change.typeId &&
        actions.includes(action) &&
        (change.property === undefined || properties.length === 0 || properties.includes(change.property)),
    );
    if (!isWanted) return;
    const event = {
      type: change.toId === undefined ? "object" : "association",
      portalId: portal.portalId,
      occurredAt: instantText(change.at),
      action,
      objectTypeId: change.typeId,
      objectId: change.id,
      ...(change.property === undefined
        ? {}
        : { propertyChanges: { [change.property]: change.value ?? "" } }),
      ...(change.mergedIds === undefined ? {} : { mergedObjectIds: change.mergedIds }),
      ...(change.toId === undefined ? {} : { toObjectTypeId: change.toTypeId, toObjectId: change.toId }),
    };
    entries.push({ offset: entries.length + 1, publishedAt: change.at, events: [event] });
  });
  return {
    subscribe: (subscription) => {
      const made = { ...subscription, id: nextId++ };
      subscriptions.push(made);
      return made;
    },
    subscriptions: () => subscriptions,
    unsubscribe: (id) => {
      const before = subscriptions.length;
      subscriptions = subscriptions.filter((one) => one.id !== id);
      return subscriptions.length < before;
    },
    earliest: () => entries[0],
    latest: () => entries.at(-1),
    next: (offset) => entries[offset],
    at: (offset) => entries[offset - 1],
    clear: () => {
      subscriptions = [];
      entries = [];
    },
  };
}
