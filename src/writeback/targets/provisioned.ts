import { z } from "zod";
import type { CrmName } from "../../core/errors.ts";
import type { Settings } from "../../core/settings.ts";
import type { Database } from "../../database/database.ts";
import { sql } from "../../database/sql.ts";
import { catalog } from "../../metrics/catalog.ts";
import { targetsFor } from "../targets.ts";
import type { HubspotUnit } from "./hubspot/targets.ts";
import type { TargetObject } from "./target.ts";

type Scope = Pick<Settings, "workspace" | "connectionId">;

const ProvisionRow = z.object({ object: z.string(), fields: z.array(z.string()) });
const Unit = z.object({ unit: z.string().nullable() });

/** Keeps what `apply` found to be there, in place of what an earlier one found. `at` is the CRM's clock, UTC. */
export async function keepProvision(
  db: Database,
  settings: Scope,
  found: readonly { readonly object: string; readonly fields: readonly string[] }[],
  at: Date,
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute(
      sql`delete from writeback.provision
          where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`,
    );
    for (const { object, fields } of found) {
      await tx.execute(
        sql`insert into writeback.provision (workspace_id, connection_id, object, fields, applied_at)
            values (${settings.workspace.id}, ${settings.connectionId}, ${object}, ${[...fields]}::text[], ${at})`,
      );
    }
  });
}

/** The targets with the fields that are there; a target of which nothing is there, or not even its key, is left out. */
function restrictTo(
  targets: readonly TargetObject[],
  there: ReadonlyMap<string, ReadonlySet<string>>,
): readonly TargetObject[] {
  return targets.flatMap((target) => {
    const names = there.get(target.object);
    const fields = target.fields.filter(({ name }) => names?.has(name) === true);
    const hasKey = !target.isOurs || fields.some(({ name }) => name === target.keyField);
    return fields.length === 0 || !hasKey ? [] : [{ ...target, fields }];
  });
}

/** Which record a portal's handoffs hang on, by the last compute; null before the first. */
export async function readUnit(db: Database, settings: Scope): Promise<HubspotUnit> {
  const row = await db.maybeOne(
    Unit,
    sql`select unit from metrics.run_connection
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`,
  );
  return row?.unit === "leads" || row?.unit === "contacts" ? row.unit : null;
}

/**
 * What may be written over a connection, in the order of writing. The closed statuses only shape formulas, which are
 * deployed and never written, so they do not matter here. In HubSpot: the properties that `apply` found to be there.
 */
export async function writtenTargets(
  db: Database,
  settings: Scope,
  crm: CrmName,
): Promise<readonly TargetObject[]> {
  if (crm === "salesforce") return targetsFor(crm, { closedStatuses: [], catalog });
  const rows = await db.any(
    ProvisionRow,
    sql`select object, fields from writeback.provision
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`,
  );
  const unit = await readUnit(db, settings);
  const there = new Map(rows.map(({ object, fields }) => [object, new Set(fields)] as const));
  return restrictTo(targetsFor(crm, { closedStatuses: [], catalog, unit }), there);
}
