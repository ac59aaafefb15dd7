import { z } from "zod";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";

/** Records named in one note. */
const NAMED = 5;

const conflictRow = z.object({
  kind: z.enum(["email_says_another", "taken"]),
  total: z.number(),
  examples: z.array(z.string()),
});

const twinRow = z.object({ twin: z.string(), holder: z.string() });

/**
 * Where two CRMs do not agree who somebody is, and which campaigns were taken for one without the configuration saying
 * so, as sentences: ids alone, no names of people. Empty for a workspace of one CRM. As of the last compute.
 */
export async function readIdentityNotes(db: Queries, workspaceId: string): Promise<readonly string[]> {
  const conflicts = await db.any(
    conflictRow,
    sql`select kind, count(*)::integer as total,
          (array_agg(record_id || ' -> ' || other_record_id order by connection_id, record_id))[1:${NAMED}::integer] as examples
        from metrics.identity_conflict
        where workspace_id = ${workspaceId}
        group by kind
        order by kind`,
  );
  const twins = await db.any(
    twinRow,
    sql`select format('%s (%s)', coalesce(twin.name, 'unnamed'), pair.campaign_id) as twin,
          format('%s (%s)', coalesce(holder.name, 'unnamed'), pair.holder_campaign_id) as holder
        from metrics.int_campaign_twin as pair
        left join metrics.stg_campaign as twin
          on twin.workspace_id = pair.workspace_id and twin.connection_id = pair.connection_id
          and twin.campaign_id = pair.campaign_id
        left join metrics.stg_campaign as holder
          on holder.workspace_id = pair.workspace_id and holder.connection_id = pair.holder_connection_id
          and holder.campaign_id = pair.holder_campaign_id
        where pair.workspace_id = ${workspaceId} and pair.basis = 'name'
        order by pair.campaign_id`,
  );
  return [
    ...conflicts.map(({ kind, total, examples }) => {
      const named = `${examples.join(", ")}${total > examples.length ? ", and more" : ""}`;
      return kind === "taken"
        ? `${total} contacts name a Salesforce record that is somebody else's by its e-mail address, or that several ` +
            `contacts name. They are counted as people of their own (${named}). Correct the Salesforce id, or merge them.`
        : `${total} contacts are taken for the person of the Salesforce record that they name, though their e-mail ` +
            `address is another record's (${named}). Correct one of the two if that is wrong.`;
    }),
    ...twins.map(
      ({ twin, holder }) =>
        `Campaign ${twin} is taken for ${holder}, which holds the money: same name, overlapping dates. If the other one ` +
        "holds it, say so under investment.twins.",
    ),
  ];
}
