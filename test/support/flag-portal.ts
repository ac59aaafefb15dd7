import type { Json } from "../../src/core/json.ts";
import type { Database } from "../../src/database/database.ts";
import { sql } from "../../src/database/sql.ts";

export const FLAG_KEY = { workspaceId: "w", connectionId: "hub" } as const;

/** How a portal is told of something: an authenticated call to its API. */
export type PortalCall = (
  method: string,
  path: string,
  body: unknown,
) => Promise<{ readonly status: number; readonly text: string }>;

const WORDS = ["waiting", "at_risk", "rotting", "worked", "worked_late", "gone_cold"];
const option = (value: string) => ({ label: value, value });

/** Our properties, as `apply` would make them, on contacts and leads. */
export async function deployFlagProperties(call: PortalCall): Promise<void> {
  for (const type of ["contacts", "leads"]) {
    const path = `/crm/properties/2026-09/${type}`;
    await expectOk(call("POST", `${path}/groups`, { name: "ripeline", label: "Ripeline" }));
    const instants = ["handed_off_at", "at_risk_at", "rots_at", "first_touch_at", "cold_at"].map((name) => ({
      name: `ripeline_${name}`,
      type: "datetime",
      fieldType: "date",
    }));
    const booleans = ["rotting", "exclude"].map((name) => ({
      name: `ripeline_${name}`,
      type: "bool",
      fieldType: "booleancheckbox",
      options: [
        { label: "Yes", value: "true" },
        { label: "No", value: "false" },
      ],
    }));
    const status = {
      name: "ripeline_rot_status",
      type: "enumeration",
      fieldType: "select",
      options: WORDS.map(option),
    };
    const holder = { name: "ripeline_handed_off_to", type: "string", fieldType: "text" };
    for (const body of [...instants, ...booleans, status, holder]) {
      await expectOk(call("POST", path, { label: body.name, groupName: "ripeline", ...body }));
    }
  }
}

async function expectOk(answer: ReturnType<PortalCall>): Promise<void> {
  const { status, text } = await answer;
  if (status >= 300) throw new Error(`the portal answered ${status}: ${text}`);
}

/** A portal that was applied to. */
export async function pinPortal(db: Database, portalId = "24700001"): Promise<void> {
  await db.execute(sql`
    insert into mirror.connection (workspace_id, connection_id, crm, org_id, instance_url, username, applied_at)
    values (
        ${FLAG_KEY.workspaceId}, ${FLAG_KEY.connectionId}, 'hubspot', ${portalId}, 'https://app.hubspot.com',
        'portal', ${new Date(0)}
    )`);
}

/** What a push left behind: rows that the CRM confirmed. `fields` in our own spelling. */
export async function acknowledge(
  db: Database,
  object: "contacts" | "leads",
  rows: readonly { readonly key: string; readonly fields: Json }[],
): Promise<void> {
  await db.execute(sql`
    insert into writeback.acknowledged (
        workspace_id, connection_id, object, key, record_id, fields, fingerprint, run_id, confirmed_at
    )
    select ${FLAG_KEY.workspaceId}, ${FLAG_KEY.connectionId}, ${object}, row.key, row.key, row.fields, 1, 'push',
        ${new Date(0)}::timestamptz
    from jsonb_to_recordset(${sql.json(rows.map((row) => ({ ...row })))}::jsonb) as row (key text, fields jsonb)`);
}

/** Handed off to owner 11, and what follows from it by a policy of 24 hours. */
export function waiting(handedOffAt: Date, change: Readonly<Record<string, Json>> = {}): Json {
  const after = (hours: number) => new Date(handedOffAt.getTime() + hours * 3_600_000).toISOString();
  return {
    ripeline_rot_status: "waiting",
    ripeline_rotting: false,
    ripeline_handed_off_at: handedOffAt.toISOString(),
    ripeline_handed_off_to: "11",
    ripeline_at_risk_at: after(18),
    ripeline_rots_at: after(24),
    ripeline_first_touch_at: null,
    ripeline_cold_at: null,
    ...change,
  };
}
