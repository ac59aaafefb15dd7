import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { checkLeadOwners, type LeadStop } from "./owner-guard.ts";
import type { PushContext } from "./push-context.ts";
import { KeptAutomation } from "./targets/batch-size.ts";
import type { TargetObject } from "./targets/target.ts";

const Facts = z.object({
  automation: KeptAutomation.nullable(),
  has_multiple_currencies: z.boolean(),
  is_computed: z.boolean(),
});
const Sent = z.object({ rows: z.number() });

/** @throws ConfigError before the first compute */
export async function readFacts(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
): Promise<z.infer<typeof Facts>> {
  const facts = await db.maybeOne(
    Facts,
    sql`select
            case when connection.facts_read_at is not null then connection.automation end as automation,
            connection.has_multiple_currencies,
            exists (
                select from metrics.run
                join metrics.run_connection as ran using (workspace_id)
                where ran.workspace_id = connection.workspace_id and ran.connection_id = connection.connection_id
            ) as is_computed
        from mirror.connection as connection
        where connection.workspace_id = ${scope.workspaceId} and connection.connection_id = ${scope.connectionId}`,
  );
  if (facts === undefined || !facts.is_computed) {
    throw new ConfigError(
      `nothing has been computed for connection "${scope.connectionId}", so there is nothing to write: run \`ripeline sync\` first`,
    );
  }
  return facts;
}

/** Why nothing may be written to the target, or null. */
export async function leadStop(
  ctx: PushContext,
  target: TargetObject,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
): Promise<LeadStop | null> {
  if (target.object !== "Lead") return null;
  const { userId } = await ctx.connection.identity();
  return checkLeadOwners(ctx.db, scope, userId);
}

/** Rows of an object that may still be written or deleted within the hour. */
export async function allowanceOf(
  db: Database,
  object: string,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
  settings: Settings,
): Promise<number> {
  const { rows } = await db.one(
    Sent,
    sql`select coalesce(sum(row_count), 0)::integer as rows from writeback.page
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
            and object = ${object} and sent_at > ${scope.asOf}::timestamptz - interval '1 hour'`,
  );
  return Math.max(0, settings.writeback.maxPerHour - rows);
}
