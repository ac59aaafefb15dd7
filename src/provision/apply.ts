import { z } from "zod";
import { ConfigError, type CrmName, PermissionError } from "../core/errors.ts";
import type { DeployReport } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { sql } from "../database/sql.ts";
import { keepProvision } from "../writeback/targets/provisioned.ts";
import { PERMISSION_SET } from "./desired-schema.ts";
import type { LeftOut } from "./hubspot/choose-fields.ts";
import { planOf } from "./plan.ts";
import { type Provision, type ProvisionContext, provisionFor } from "./provision-for.ts";

const AppliedAt = z.object({ applied_at: z.date() });

export interface ApplyOutcome {
  readonly deploy: DeployReport;
  /** What the CRM's plan has no room for, and what stands in for it. */
  readonly leftOut: readonly LeftOut[];
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
  const provision = await provisionFor(ctx, settings);
  const { leftOut } = provision;
  const [refusal] = (await planOf(ctx, settings, provision)).refusals;
  if (refusal !== undefined) throw new ConfigError(`apply refuses: ${refusal}`);
  const deploy = await connection.deploy(provision.files, { checkOnly: options.checkOnly });
  if (!deploy.succeeded) throw refused(connection.crm, deploy);
  if (options.checkOnly) {
    return { deploy, leftOut, permissionSet: "not asked", assignedTo: null, appliedAt: null };
  }
  if (connection.crm === "hubspot") await keepWhatIsThere(ctx, settings, provision);
  const permissionSet = await connection.assignPermissionSet(PERMISSION_SET, assignee.id);
  const appliedAt = await keepAppliedAt(ctx, settings);
  await askForOwnersAgain(ctx, settings);
  return { deploy, leftOut, permissionSet, assignedTo: assignee.username, appliedAt };
}

function refused(crm: CrmName, { problems }: DeployReport): PermissionError {
  const shown = problems.slice(0, 5).map(({ component, problem }) => `${component}: ${problem}`);
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : "";
  return new PermissionError(
    crm,
    crm === "hubspot"
      ? `the portal refused definitions. ${shown.join("; ")}${more}. What was made before stays; ` +
          "mend these, then run apply again"
      : `the org refused the package, nothing was changed. ${shown.join("; ")}${more}. ` +
          "Deploying needs the permission 'Modify Metadata Through Metadata API Functions'",
  );
}

/** A portal tells by what is there afterwards what it took; only that is written. */
async function keepWhatIsThere(
  { db, connection }: ProvisionContext,
  settings: Settings,
  { objects }: Provision,
): Promise<void> {
  const rooms = (await connection.room?.(objects.map(({ object }) => object))) ?? [];
  const found = objects.map(({ object, fields }) => {
    const there = rooms.find((room) => room.object === object)?.fields;
    return { object, fields: fields.filter((field) => there?.has(field) === true) };
  });
  await keepProvision(db, settings, found, await connection.serverTime());
}

async function findAssignee(
  { connection }: ProvisionContext,
  assignTo: string | null,
): Promise<{ readonly id: string; readonly username: string }> {
  const identity = await connection.identity();
  if (assignTo === null) return { id: identity.userId, username: identity.username };
  if (connection.crm === "hubspot") {
    throw new ConfigError(
      `apply --assign-to ${assignTo}: HubSpot has no permission sets, people see the properties by the portal's own ` +
        "settings. Leave --assign-to out. Nothing was changed",
    );
  }
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
