import type { HubspotRecord, Row } from "./record-page.ts";

/**
 * Every value that these properties ever had, oldest first. A value's key is its instant and its place among the values of
 * that instant, counted from the oldest, so that later values change no key.
 */
export function historyRows(record: HubspotRecord, properties: readonly string[]): readonly Row[] {
  return properties.flatMap((property) => {
    const items = (record.propertiesWithHistory?.[property] ?? [])
      // Newest first on the wire; a stable sort keeps that order among equal instants once it is turned round.
      .toReversed()
      .toSorted((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
    const seen = new Map<number, number>();
    return items.map((item): Row => {
      const at = Date.parse(item.timestamp);
      const place = seen.get(at) ?? 0;
      seen.set(at, place + 1);
      return {
        id: `${record.id}:${property}:${at}:${place}`,
        recordId: record.id,
        property,
        value: item.value ?? null,
        timestamp: item.timestamp,
        sourceType: item.sourceType ?? null,
        sourceId: withoutAddress(item.sourceId ?? null),
        updatedByUserId: item.updatedByUserId ?? null,
      };
    });
  });
}

/** Sources are ids as a rule; what looks like an address is none of our business. */
function withoutAddress(source: string | null): string | null {
  return source?.includes("@") === true ? null : source;
}

const STAGE_DATE = /^hs_v2_date_(entered|exited)_(.+)$/;
/** Follows the record about; the dates of the stages themselves stay. */
const CURRENT = "current_stage";

/** Of a type's properties, those that hold the dates of stages. */
export function stageDateProperties(names: Iterable<string>): readonly string[] {
  return [...names].filter(
    (name) => STAGE_DATE.exec(name)?.[2] !== undefined && !name.endsWith(`_${CURRENT}`),
  );
}

/** One row a stage that the record ever came into. */
export function stageDateRows(record: HubspotRecord): readonly Row[] {
  const stages = new Map<string, { entered: string | null; exited: string | null }>();
  for (const [name, value] of Object.entries(record.properties)) {
    const [, which, stage] = STAGE_DATE.exec(name) ?? [];
    if (stage === undefined || stage === CURRENT || value === null || value === "") continue;
    const dates = stages.get(stage) ?? { entered: null, exited: null };
    stages.set(stage, which === "entered" ? { ...dates, entered: value } : { ...dates, exited: value });
  }
  return [...stages].map(([stage, { entered, exited }]) => ({
    id: `${record.id}:${stage}`,
    recordId: record.id,
    stage,
    enteredAt: entered,
    exitedAt: exited,
  }));
}
