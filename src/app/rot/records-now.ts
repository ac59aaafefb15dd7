import { z } from "zod";
import type { Connection, WireValue } from "../../core/ports.ts";
import type { Settings } from "../../core/settings.ts";
import type { Database } from "../../database/database.ts";
import { sql } from "../../database/sql.ts";
import type { MirrorKey } from "../../mirror/stream-state.ts";
import type { RecordNow } from "./decide-flag.ts";
import type { UnitObject } from "./due-flips.ts";

const FIELDS: Readonly<Record<UnitObject, readonly string[]>> = {
  leads: ["hubspot_owner_id", "hs_pipeline_stage", "ripeline_exclude"],
  contacts: ["hubspot_owner_id", "lifecyclestage", "hs_lead_status", "ripeline_exclude"],
};
/** A contact beyond being a lead: it was converted. */
const PAST_LEAD: ReadonlySet<string> = new Set(["opportunity", "customer", "evangelist"]);

const Stage = z.object({ id: z.string(), label: z.string(), state: z.string().nullable() });

/**
 * Owner, stage and exclusion of these records as the CRM has them now, in input order; null for one that is gone.
 * @param ids at most 2,000
 */
export async function readRecordsNow(
  context: {
    readonly store: Database;
    readonly key: MirrorKey;
    readonly settings: Settings;
    readonly connection: Connection;
  },
  object: UnitObject,
  ids: readonly string[],
): Promise<readonly (RecordNow | null)[]> {
  const { store, key, settings, connection } = context;
  const { records } = await connection.read({ object, ids, fields: FIELDS[object] });
  const closedWords = new Set([...settings.statuses.disqualified, ...settings.statuses.recycled].map(wordOf));
  const closedStages =
    object === "leads" ? await readClosedStages(store, key, closedWords) : new Set<string>();
  return records.map((values) => {
    if (values === null) return null;
    const text = (name: string): string => String(values[name] ?? "");
    const isClosed =
      object === "leads"
        ? closedStages.has(text("hs_pipeline_stage"))
        : PAST_LEAD.has(text("lifecyclestage").toLowerCase()) ||
          closedWords.has(wordOf(text("hs_lead_status")));
    return {
      ownerId: text("hubspot_owner_id") || null,
      isClosed,
      isExcluded: isTrue(values["ripeline_exclude"]),
    };
  });
}

/** Stages in which a lead is no open one: by HubSpot's own mark, or by a word of the configuration. */
async function readClosedStages(
  store: Database,
  key: MirrorKey,
  closedWords: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const stages = await store.any(
    Stage,
    sql`select
            stageid as id,
            coalesce(stagelabel, stageid) as label,
            upper(nullif(metadata, '')::jsonb ->> 'leadState') as state
        from mirror.hubspot_pipeline_stage
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
            and objecttype = 'leads' and valid_to is null`,
  );
  const closed = stages.filter(
    ({ label, state }) =>
      closedWords.has(wordOf(label)) || ["QUALIFIED", "UNQUALIFIED", "DISQUALIFIED"].includes(state ?? ""),
  );
  return new Set(closed.map(({ id }) => id));
}

/** `OPEN_DEAL`, `Open deal` and `open deal` are one word. */
function wordOf(text: string): string {
  return text.toLowerCase().replaceAll("_", " ").trim();
}

function isTrue(value: WireValue | undefined): boolean {
  return value === true || value === "true";
}
