import { z } from "zod";
import { ConfigError, PermissionError } from "../core/errors.ts";
import type { DeployReport } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { sql } from "../database/sql.ts";
import { PERMISSION_SET } from "./desired-schema.ts";
import { packageFiles } from "./package-files.ts";
import { type ProvisionContext, plan, schemaFor } from "./plan.ts";

const AppliedAt = z.object({ applied_at: z.date() });

export interface ApplyOutcome {
  readonly deploy: DeployReport;
  readonly permissionSet: "assigned" | "already assigned" | "not needed" | "not asked";
  /** Who has the permission set; null after a check only. */
  readonly assignedTo: string | null;
  /** The CRM's clock at the first successful apply, UTC; null after a check only. */
  readonly appliedAt: Date | null;
}

export interface ApplyOptions {
  /** Validates the package in the org and changes nothing. */
  readonly checkOnly: boolean;
  /** Name of the user that gets the permission set; null: the one that is signed in. */
  readonly assignTo?: string | null;
}

/**
 * Deploys the package, gives the integration user its permission set, and keeps when that first succeeded. A second apply
 * changes nothing in the org: the same package is deployed again, which also mends what somebody removed. Owners that
 * the org refused are asked for again at the next push, since rights may have changed.
 *
 * The assignment comes after the deploy, since fields are invisible to everybody until a permission set grants them.
 * @throws ConfigError where the plan refuses (too much storage, too many fields), or the org has no active user
 *   `assignTo`; nothing is changed then
 * @throws PermissionError when the org refuses components; the message names the first of them
 */
export async function apply(
  ctx: ProvisionContext,
  settings: Settings,
  options: ApplyOptions,
): Promise<ApplyOutcome> {
  const { connection } = ctx;
  const assignee = await findAssignee(ctx, options.assignTo ?? null);
  const { refusals } = await plan(ctx, settings);
  const [refusal] = refusals;
  if (refusal !== undefined) throw new ConfigError(`apply refuses: ${refusal}`);
  const { schema } = await schemaFor(ctx, settings);
  const deploy = await connection.deploy(packageFiles(schema), { checkOnly: options.checkOnly });
  if (!deploy.succeeded) {
    const shown = deploy.problems.slice(0, 5).map(({ component, problem }) => `${component}: ${problem}`);
    const more =
      deploy.problems.length > shown.length ? `; and ${deploy.problems.length - shown.length} more` : "";
    throw new PermissionError(
      connection.crm,
      `the org refused the package, nothing was changed. ${shown.join("; ")}${more}. ` +
        "Deploying needs the permission 'Modify Metadata Through Metadata API Functions'",
    );
  }
  if (options.checkOnly) return { deploy, permissionSet: "not asked", assignedTo: null, appliedAt: null };
  const permissionSet = await connection.assignPermissionSet(PERMISSION_SET, assignee.id);
  const appliedAt = await keepAppliedAt(ctx, settings);
  await askForOwnersAgain(ctx, settings);
  return { deploy, permissionSet, assignedTo: assignee.username, appliedAt };
}

async function findAssignee(
  { connection }: ProvisionContext,
  assignTo: string | null,
): Promise<{ readonly id: string; readonly username: string }> {
  const identity = await connection.identity();
  if (assignTo === null) return { id: identity.userId, username: identity.username };
  const user = await connection.findUser(assignTo);
  if (user?.isActive === true) return { id: user.id, username: assignTo };
  throw new ConfigError(
    user === null
      ? `apply --assign-to ${assignTo}: org ${identity.orgId} has no user with this name; give the username ` +
          "(Setup, Users, column Username), which in a sandbox ends in the sandbox's name. Nothing was changed"
      : `apply --assign-to ${assignTo}: this user is inactive; activate it or name another. Nothing was changed`,
  );
}

async function askForOwnersAgain({ db }: ProvisionContext, settings: Settings): Promise<void> {
  await db.execute(
    sql`update writeback.withheld_owner set next_try_at = last_at
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`,
  );
}

async function keepAppliedAt(ctx: ProvisionContext, settings: Settings): Promise<Date> {
  const { db, connection } = ctx;
  const identity = await connection.identity();
  const now = await connection.serverTime();
  await db.execute(
    sql`insert into mirror.connection (
            workspace_id, connection_id, crm, org_id, instance_url, username, applied_at
        )
        values (
            ${settings.workspace.id}, ${settings.connectionId}, ${identity.crm}, ${identity.orgId},
            ${identity.instanceUrl}, ${identity.username}, ${now}::timestamptz
        )
        on conflict (workspace_id, connection_id) do update
        set applied_at = coalesce(connection.applied_at, excluded.applied_at)`,
  );
  const { applied_at: appliedAt } = await db.one(
    AppliedAt,
    sql`select applied_at from mirror.connection
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`,
  );
  return appliedAt;
}
