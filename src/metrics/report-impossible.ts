import { z } from "zod";
import type { ConnectionFacts } from "../core/report-data.ts";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";

const TrackingRow = z.object({
  connection_id: z.string(),
  tracks_owner_history: z.boolean(),
  tracks_status_history: z.boolean(),
});

interface StreamState {
  readonly connection_id: string;
  readonly stream: string;
  readonly is_absent: boolean;
}

/** What is unknown where the portal or the org does not have an object; others are only named. */
const WITHOUT: Readonly<Record<string, string>> = {
  "hubspot.campaigns":
    "no marketing campaigns (they come with Marketing Hub Professional): without them investment, cost per lead and " +
    "pipeline per dollar are unknown unless `ripeline costs import` brings the costs",
  "hubspot.leads": "no lead objects (they come with Sales Hub Professional): its contacts are the leads",
};

/** Streams that follow from another one, and are absent with it. */
const isDetail = (stream: string): boolean =>
  /^hubspot\.(?:campaign_(?:money|contacts)|\w+\.\w+)$/.test(stream);

/**
 * What this set-up cannot tell, each a whole sentence: objects that a CRM does not have, histories that nobody keeps,
 * what a lead is in HubSpot, and what its deals do not say.
 */
export async function impossibilities(
  db: Queries,
  workspaceId: string,
  connections: readonly ConnectionFacts[],
  streams: readonly StreamState[],
): Promise<readonly string[]> {
  const tracking = await db.any(
    TrackingRow,
    sql`
      select connection_id, tracks_owner_history, tracks_status_history from metrics.run_connection
      where workspace_id = ${workspaceId}`,
  );
  const alone = connections.flatMap((connection) => {
    const { id, crm } = connection;
    const name = nameOf(connection);
    const absent = streams.filter(
      (each) => each.connection_id === id && each.is_absent && !isDetail(each.stream),
    );
    const tracked = tracking.find((each) => each.connection_id === id);
    return [
      ...absent.map(
        ({ stream }) =>
          `The ${name} has ${WITHOUT[stream] ?? `no ${stream.slice(stream.indexOf(".") + 1).replaceAll("_", " ")}`}.`,
      ),
      ...(tracked?.tracks_owner_history === false
        ? [
            `The ${name} keeps no history of its leads' owners: a handoff is known from the first pull on, and older ones ` +
              "are counted as unknown.",
          ]
        : []),
      ...(tracked?.tracks_status_history === false
        ? [
            `The ${name} keeps no history of its leads' status: whether worked leads are logged is judged by conversions ` +
              "alone.",
          ]
        : []),
      ...(crm === "hubspot" ? [unitNote(name, connection.unit), CAMPAIGN_NOTE] : []),
    ];
  });
  return [...alone, ...(await betweenCrms(db, workspaceId))];
}

const nameOf = ({ crm, orgId }: ConnectionFacts): string =>
  crm === "hubspot" ? `HubSpot portal ${orgId}` : `Salesforce org ${orgId}`;

const CAMPAIGN_NOTE =
  "HubSpot names no primary campaign: money of a deal, or of an opportunity without one, counts for the HubSpot campaign " +
  "that its people answered first.";

const TwinRow = z.object({ name: z.string(), holder: z.string(), basis: z.enum(["config", "name"]) });
const ConflictRow = z.object({ by_id: z.number(), apart: z.number() });

/** What two CRMs say of one person or campaign and how it was settled. */
async function betweenCrms(db: Queries, workspaceId: string): Promise<readonly string[]> {
  const twins = await db.any(
    TwinRow,
    sql`
      select coalesce(campaign.name, twin.campaign_id) as name, holder.crm as holder, twin.basis
      from metrics.int_campaign_twin as twin
      left join metrics.stg_campaign as campaign using (workspace_id, connection_id, campaign_id)
      join metrics.run_connection as holder
        on holder.workspace_id = twin.workspace_id and holder.connection_id = twin.holder_connection_id
      where twin.workspace_id = ${workspaceId}
      order by name, twin.campaign_id`,
  );
  const conflicts = await db.one(
    ConflictRow,
    sql`
      select count(*) filter (where resolution = 'by_id')::integer as by_id,
        count(*) filter (where resolution <> 'by_id')::integer as apart
      from metrics.identity_conflict
      where workspace_id = ${workspaceId}`,
  );
  const guessed = twins.filter(({ basis }) => basis === "name");
  return [
    ...(guessed.length === 0
      ? []
      : [
          `Campaigns that are in both CRMs by name and dates, and whose cost is counted once: ${guessed
            .map(({ name, holder }) => `${name} (cost of ${holder === "hubspot" ? "HubSpot" : "Salesforce"})`)
            .join(
              ", ",
            )}. If one is another campaign, or the other CRM holds its cost, say so under investment.twins.`,
        ]),
    ...(conflicts.by_id + conflicts.apart === 0
      ? []
      : [
          "Who is who: of the records that name a record of the other CRM by its id while their address says otherwise, " +
            `${conflicts.by_id.toLocaleString("en")} follow the id and ${conflicts.apart.toLocaleString("en")} are kept apart.`,
        ]),
  ];
}

function unitNote(name: string, unit: ConnectionFacts["unit"]): string {
  return unit === "leads"
    ? `In the ${name} a lead is a lead object; its person is the contact behind it.`
    : `In the ${name} a lead is a contact that came so far as a lead or had an owner; subscribers are none.`;
}
