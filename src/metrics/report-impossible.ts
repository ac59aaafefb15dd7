import { z } from "zod";
import type { ConnectionFacts } from "../core/report-data.ts";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { readIdentityNotes } from "./identity.ts";

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
 * what a lead is in HubSpot, what its deals do not say, and how it was settled where two CRMs do not agree.
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
  return [...alone, ...(await readIdentityNotes(db, workspaceId))];
}

const nameOf = ({ crm, orgId }: ConnectionFacts): string =>
  crm === "hubspot" ? `HubSpot portal ${orgId}` : `Salesforce org ${orgId}`;

const CAMPAIGN_NOTE =
  "HubSpot names no primary campaign: money of a deal, or of an opportunity without one, counts for the HubSpot campaign " +
  "that its people answered first.";

function unitNote(name: string, unit: ConnectionFacts["unit"]): string {
  return unit === "leads"
    ? `In the ${name} a lead is a lead object; its person is the contact behind it.`
    : `In the ${name} a lead is a contact that came so far as a lead or had an owner; subscribers are none.`;
}
