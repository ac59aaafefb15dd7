import { z } from "zod";
import type { CrmName } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";

export type CaptureGate = "passed" | "not_proven" | "closed";

/** What holds for rows over several connections: one that is closed closes all, one that is not proven leaves doubt. */
export function combineGates(gates: readonly CaptureGate[]): CaptureGate {
  if (gates.includes("closed")) return "closed";
  return gates.length === 0 || gates.includes("not_proven") ? "not_proven" : "passed";
}

/** Under so many worked leads the share without a touch proves nothing. */
const FEWEST_WORKED = 10;

/** What mostly keeps e-mail out of a CRM. */
const usualCause: Readonly<Record<CrmName, string>> = {
  salesforce: 'Einstein Activity Capture without "Sync Email as Salesforce Activity"?',
  hubspot: "inboxes of reps not connected, or their mail not logged?",
};

const found = z.object({
  crm: z.enum(["salesforce", "hubspot"]),
  worked: z.number(),
  unlogged: z.number(),
  max_unlogged: z.coerce.number(),
  touches: z.number(),
  mails: z.number(),
  reps: z.number(),
  silent_reps: z.number(),
  recent_mails: z.number(),
  withheld: z.number(),
});

/**
 * Decides whether activity is logged well enough in a connection to speak of rot, and writes it into
 * `metrics.run_connection`: `passed`,
 * `not_proven` under ten worked leads, `closed` above the configured share without a recorded touch, or where a CRM
 * withholds of more than that share of people's e-mails whether they were touches. The reason names the likely cause.
 */
export async function decideCaptureGate(
  tx: Transaction,
  workspaceId: string,
  connectionId: string,
): Promise<CaptureGate> {
  const here = sql`workspace_id = ${workspaceId} and connection_id = ${connectionId}`;
  const facts = await tx.one(
    found,
    sql`select
      (select crm from metrics.run_connection where ${here}) as crm,
      (select count(*) from metrics.int_worked_lead where ${here}) as worked,
      (select count(*) from metrics.int_worked_lead where ${here} and not has_touch) as unlogged,
      (select max_unlogged from metrics.run where workspace_id = ${workspaceId}) as max_unlogged,
      (select count(*) from metrics.int_touch where ${here}) as touches,
      (select count(*) from metrics.int_touch where ${here} and kind = 'email') as mails,
      (select count(distinct owner_id) from metrics.int_worked_lead where ${here}) as reps,
      (select count(distinct owner_id) from metrics.int_worked_lead as worked where ${here} and not exists (
        select 1 from metrics.int_touch as touch
        where touch.workspace_id = worked.workspace_id and touch.connection_id = worked.connection_id
          and touch.by_connection_id = worked.connection_id and touch.by_user_id = worked.owner_id)) as silent_reps,
      mails.recent as recent_mails,
      mails.withheld
      from (
        -- On any record of somebody who has a lead here.
        select
          count(distinct (activity.connection_id, activity.activity_id)) as recent,
          count(distinct (activity.connection_id, activity.activity_id)) filter (where activity.is_redacted) as withheld
        from metrics.stg_activity as activity
        join metrics.int_person_record as record
          on record.workspace_id = activity.workspace_id and record.connection_id = activity.connection_id
          and record.record_id = coalesce(activity.lead_id, activity.contact_id)
        join metrics.int_person_record as lead
          on lead.workspace_id = record.workspace_id and lead.person_id = record.person_id and lead.kind = 'lead'
          and lead.connection_id = ${connectionId}
        where activity.workspace_id = ${workspaceId} and activity.kind = 'email'
          and activity.happened_at > (
            select as_of - interval '30 days' from metrics.run where workspace_id = ${workspaceId})
      ) as mails`,
  );
  const share = facts.worked === 0 ? null : facts.unlogged / facts.worked;
  const gate = withholds(facts) ? "closed" : judge(facts.worked, share, facts.max_unlogged);
  await tx.execute(sql`
    update metrics.run_connection
    set capture_gate = ${gate}, capture_reason = ${explain(gate, facts)}, unlogged_share = ${share},
      worked_lead_count = ${facts.worked}, withholds_email = ${withholds(facts)}
    where ${here}`);
  return gate;
}

/** A few without direction or status come from imports: they leave no more doubt than work that nobody logged. */
function withholds(facts: z.infer<typeof found>): boolean {
  return facts.withheld > facts.max_unlogged * facts.recent_mails;
}

function judge(worked: number, share: number | null, maxUnlogged: number): CaptureGate {
  if (share === null || worked < FEWEST_WORKED) return "not_proven";
  return share > maxUnlogged ? "closed" : "passed";
}

function explain(gate: CaptureGate, facts: z.infer<typeof found>): string | null {
  if (gate === "passed") return null;
  if (gate === "not_proven") {
    return `capture not proven: ${facts.worked} leads were worked in the last 30 days, ${FEWEST_WORKED} are needed`;
  }
  if (withholds(facts)) {
    return (
      `whether ${facts.withheld} of ${facts.recent_mails} e-mails of the last 30 days are touches is withheld from us: ` +
      "grant the scope sales-email-read to the HubSpot app, and run `ripeline sync --all`"
    );
  }
  const head =
    `activity is not logged in the CRM: ${facts.unlogged} of ${facts.worked} leads worked in the last 30 days ` +
    "have no recorded touch";
  if (facts.touches === 0) {
    return `${head}; no call, e-mail or meeting of a rep is recorded at all (${usualCause[facts.crm]})`;
  }
  if (facts.mails === 0) return `${head}; no e-mail is logged (${usualCause[facts.crm]})`;
  if (facts.silent_reps > 0)
    return `${head}; ${facts.silent_reps} of ${facts.reps} reps have no recorded activity at all`;
  return head;
}
