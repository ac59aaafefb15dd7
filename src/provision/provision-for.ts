import { z } from "zod";
import type { Connection, PackageFile } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { catalog } from "../metrics/catalog.ts";
import { readUnit } from "../writeback/targets/provisioned.ts";
import type { TargetObject } from "../writeback/targets/target.ts";
import { closedStatuses, targetsFor } from "../writeback/targets.ts";
import { desiredSchema } from "./desired-schema.ts";
import { chooseFields, type LeftOut } from "./hubspot/choose-fields.ts";
import { portalPackage } from "./hubspot/portal-package.ts";
import { packageFiles } from "./package-files.ts";

export interface ProvisionContext {
  readonly db: Database;
  readonly connection: Connection;
}

const StatusName = z.object({ name: z.string() });

/** What a connection is to be given. */
export interface Provision {
  readonly files: readonly PackageFile[];
  readonly objects: readonly {
    readonly object: string;
    readonly isOurs: boolean;
    /** API names of all its fields, and of those that are there and that our user sees. */
    readonly fields: readonly string[];
    readonly present: ReadonlySet<string>;
    readonly isThere: boolean;
  }[];
  readonly permissionSets: readonly string[];
  readonly statusesWithoutRot: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * What `apply` brings this org or portal to. Asks it what it has; changes nothing.
 * @throws ConnectorError of the connection's reads
 */
export async function provisionFor(ctx: ProvisionContext, settings: Settings): Promise<Provision> {
  return ctx.connection.crm === "hubspot" ? portalProvision(ctx, settings) : orgProvision(ctx, settings);
}

/** Objects of the mode: with a side object, others get fields only while one of their records carries ours. */
async function targetsOfMode(
  { db }: ProvisionContext,
  settings: Settings,
  targets: readonly TargetObject[],
): Promise<readonly TargetObject[]> {
  if (settings.writeback.mode === "fields") return targets;
  const carried = await objectsCarryingOurs(db, settings);
  return targets.filter(({ isOurs, object }) => isOurs || carried.has(object));
}

async function portalProvision(ctx: ProvisionContext, settings: Settings): Promise<Provision> {
  const { db, connection } = ctx;
  const unit = await readUnit(db, settings);
  const all = targetsFor("hubspot", { closedStatuses: [], catalog, unit });
  const wanted = await targetsOfMode(ctx, settings, all);
  const rooms = (await connection.room?.(wanted.map(({ object }) => object))) ?? [];
  const { targets, leftOut } = chooseFields(wanted, rooms);
  return {
    files: portalPackage(targets),
    objects: targets.map(({ object, isOurs, fields }) => {
      const room = rooms.find((each) => each.object === object);
      return {
        object,
        isOurs,
        fields: fields.map(({ name }) => name),
        present: room?.fields ?? new Set(),
        isThere: room?.isThere ?? false,
      };
    }),
    permissionSets: [],
    statusesWithoutRot: closedStatuses(settings.statuses, []),
    leftOut,
  };
}

/** Formulas name the closed statuses as the org spells them. */
async function orgProvision(ctx: ProvisionContext, settings: Settings): Promise<Provision> {
  const statuses = await ctx.db.any(
    StatusName,
    sql`select distinct coalesce(apiname, masterlabel) as name from mirror.salesforce_lead_status
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
            and valid_to is null and coalesce(apiname, masterlabel) is not null
        order by name`,
  );
  const closed = closedStatuses(
    settings.statuses,
    statuses.map((status) => status.name),
  );
  const all = targetsFor("salesforce", { closedStatuses: closed, catalog });
  const targets = await targetsOfMode(ctx, settings, all);
  const schema = desiredSchema(targets, ctx.connection.streams);
  const access = new Map(
    (await ctx.connection.access(schema.objects.map(({ name }) => name))).map((found) => [
      found.object,
      found,
    ]),
  );
  return {
    files: packageFiles(schema),
    objects: schema.objects.map(({ name, isOurs, component }) => ({
      object: name,
      isOurs,
      fields: component.fields.map((field) => field.fullName ?? ""),
      present: access.get(name)?.readable ?? new Set(),
      isThere: access.get(name)?.visible ?? false,
    })),
    permissionSets: schema.permissionSets.map(({ name }) => name),
    statusesWithoutRot: closed,
    leftOut: [],
  };
}

const ObjectName = z.object({ object: z.string() });

/**
 * Other people's objects of which a record still carries a value of ours: while one does, our user needs the fields to
 * clear it, whatever the mode.
 */
async function objectsCarryingOurs(db: Database, settings: Settings): Promise<ReadonlySet<string>> {
  const rows = await db.any(
    ObjectName,
    sql`select distinct object from writeback.acknowledged
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
          and object not ilike 'ripeline%'
          and exists (
            select from jsonb_each(fields - 'Ripeline_Data_As_Of__c' - 'ripeline_data_as_of') as field
            where field.value not in ('null'::jsonb, 'false'::jsonb)
          )`,
  );
  return new Set(rows.map((row) => row.object));
}
