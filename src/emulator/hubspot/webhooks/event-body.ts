import type { Change } from "../engine/changes.ts";

interface Envelope {
  readonly eventId: number;
  readonly subscriptionId: number;
  readonly portalId: number;
  readonly appId: number;
}

/** One event as HubSpot posts it. */
export function eventBody(
  change: Change,
  envelope: Envelope,
  attemptNumber: number,
): Record<string, unknown> {
  const { sourceId, sourceType } = change.source;
  return {
    ...envelope,
    occurredAt: change.at,
    subscriptionType: `object.${change.kind}`,
    attemptNumber,
    objectId: change.id,
    objectTypeId: change.typeId,
    ...(change.property === undefined
      ? {}
      : { propertyName: change.property, propertyValue: change.value ?? "" }),
    changeSource: sourceType,
    ...(sourceId === undefined ? {} : { sourceId }),
    ...(change.kind === "propertyChange" ? { isSensitive: false } : {}),
    ...(change.mergedIds === undefined
      ? {}
      : {
          primaryObjectId: change.id,
          mergedObjectIds: change.mergedIds,
          newObjectId: change.id,
          numberOfPropertiesMoved: 0,
        }),
    ...(change.toId === undefined
      ? {}
      : {
          fromObjectId: change.id,
          fromObjectTypeId: change.typeId,
          toObjectId: change.toId,
          toObjectTypeId: change.toTypeId,
          associationTypeId: change.associationTypeId,
          associationRemoved: change.isRemoved ?? false,
        }),
  };
}
