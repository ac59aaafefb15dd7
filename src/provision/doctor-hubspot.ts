import { z } from "zod";
import type { AccountProfile, Connection } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import type { Check } from "./check.ts";

/** Objects that rot flags and sources are written to. */
const WRITTEN = ["contacts", "leads", "deals"] as const;
/** Fields that our fullest object has on them. */
const FIELDS_NEEDED = 20;
/** Records that show what a portal works with. */
const LATELY_DAYS = 90;

/** What only a portal needs: its kind, the token's scopes, room for properties, e-mails that can be read, what is worked. */
export async function hubspotChecks(
  { db, settings }: { readonly db: Database; readonly settings: Settings },
  connection: Connection,
): Promise<readonly Check[]> {
  const profile = await connection.profile?.();
  return [
    ...(profile === undefined ? [] : [...planChecks(profile), ...scopeChecks(profile)]),
    ...(await roomChecks(connection)),
    ...(await emailChecks(db, settings)),
    ...(await unitChecks(db, settings, connection)),
  ];
}

/** Sold plans by the calls a day that come with them; extra calls and app sign-ins hide it. */
const PLANS: readonly { readonly calls: number; readonly name: string }[] = [
  { calls: 1_000_000, name: "Enterprise" },
  { calls: 600_000, name: "Professional" },
  { calls: 0, name: "Free or Starter" },
];

function planChecks({ accountType, dailyLimit }: AccountProfile): readonly Check[] {
  const plan = PLANS.find(({ calls }) => (dailyLimit ?? -1) >= calls)?.name;
  const kind = accountType ?? "of a kind that it does not tell";
  const found = `the account is ${kind}; ${plan === undefined ? "its calls a day are not told, so its plan is not known" : `its calls a day are those of ${plan}`}`;
  if (accountType === "STANDARD" || accountType === null) return [{ name: "account", level: "ok", found }];
  return [
    {
      name: "account",
      level: "warn",
      found,
      next: "for real numbers connect the token of the company's own account",
    },
  ];
}

function scopeChecks({ missingScopes }: AccountProfile): readonly Check[] {
  if (missingScopes === null) {
    return [
      {
        name: "scopes",
        level: "warn",
        found: "the portal does not tell which scopes the token has",
        next: "what is missing shows when it is used, by the name of the scope",
      },
    ];
  }
  const named = (set: keyof typeof missingScopes): string =>
    missingScopes[set].map(({ name, purpose }) => `${name} (${purpose})`).join(", ");
  const cannotRead = missingScopes.read.some(({ name }) => name === "crm.objects.contacts.read");
  const checks: Check[] = [];
  if (missingScopes.read.length > 0) {
    checks.push({
      name: "scopes to read",
      level: cannotRead ? "fail" : "warn",
      found: `missing: ${named("read")}`,
      next: "add them to the private app or service key; until then what they stand for is unknown, not zero",
    });
  }
  if (missingScopes.write.length > 0) {
    checks.push({
      name: "scopes to write",
      level: "warn",
      found: `missing: ${named("write")}`,
      next: "add them before `ripeline apply`; reading and reporting go without",
    });
  }
  if (missingScopes.optional.length > 0) {
    checks.push({
      name: "optional scopes",
      level: "ok",
      found: `not granted: ${named("optional")}. A plan without these has nothing to grant`,
    });
  }
  if (checks.length === 0) checks.push({ name: "scopes", level: "ok", found: "all that ripeline asks for" });
  return checks;
}

async function roomChecks(connection: Connection): Promise<readonly Check[]> {
  const rooms = await connection.room?.(WRITTEN);
  const there = rooms?.filter(({ isThere }) => isThere) ?? [];
  if (there.length === 0) return [];
  const words = there.map(({ object, fields, fieldsLeft }) => {
    const left = fieldsLeft === null ? "the portal does not tell how many are left" : `${fieldsLeft} left`;
    return `${object}: ${left}${fields.size === 0 ? "" : `, ${fields.size} of ripeline's are there`}`;
  });
  const tight = there.filter(
    ({ fields, fieldsLeft }) => fieldsLeft !== null && fieldsLeft + fields.size < FIELDS_NEEDED,
  );
  const found = `custom properties: ${words.join("; ")}`;
  if (tight.length === 0) return [{ name: "room for properties", level: "ok", found }];
  return [
    {
      name: "room for properties",
      level: "warn",
      found,
      next: `\`ripeline plan\` shows the smaller set that fits ${tight.map(({ object }) => object).join(" and ")}; archive properties that nobody uses for the full one`,
    },
  ];
}

const here = (settings: Settings): Sql =>
  sql`workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId} and valid_to is null`;

const EmailRow = z.object({ emails: z.number(), redacted: z.number() });

/** E-mails of which nobody tells whether they went out: they may be touches or none. */
async function emailChecks(db: Database, settings: Settings): Promise<readonly Check[]> {
  const { emails, redacted } = await db.one(
    EmailRow,
    sql`select count(*)::integer as emails, count(*) filter (where redacted)::integer as redacted
        from mirror.hubspot_email where ${here(settings)} and archived is not true`,
  );
  if (emails === 0) return [];
  if (redacted === 0) {
    return [
      { name: "e-mails", level: "ok", found: `direction and status of all ${emails} e-mails are known` },
    ];
  }
  return [
    {
      name: "e-mails",
      level: "warn",
      found: `HubSpot withholds direction or status of ${redacted} of ${emails} e-mails: metrics that need touches are unknown, not zero`,
      next: "add the scope sales-email-read to the private app or service key, then run `ripeline sync --all`",
    },
  ];
}

const UnitRow = z.object({ leads: z.number(), qualified: z.number() });

/** What is worked as a lead: decided by ripeline.yaml, else by what the portal used lately. */
async function unitChecks(
  db: Database,
  settings: Settings,
  connection: Connection,
): Promise<readonly Check[]> {
  const since = new Date((await connection.serverTime()).getTime() - LATELY_DAYS * 86_400_000);
  const { leads, qualified } = await db.one(
    UnitRow,
    sql`select
          (select count(*)::integer from mirror.hubspot_lead
            where ${here(settings)} and archived is not true and createdat >= ${since}) as leads,
          (select count(*)::integer from mirror.hubspot_contact
            where ${here(settings)} and archived is not true and createdat >= ${since}
              and lifecyclestage in ('lead', 'marketingqualifiedlead', 'salesqualifiedlead')) as qualified`,
  );
  if (leads + qualified === 0) return [];
  const chosen = settings.connections.find(({ id }) => id === settings.connectionId)?.processObject ?? null;
  const proposed = leads > 0 ? "lead" : "contact";
  const found =
    `${leads} leads and ${qualified} contacts at the stage of a lead were created in ${LATELY_DAYS} days; ` +
    `what is worked as a lead is HubSpot's ${chosen ?? proposed}${chosen === null ? "" : " (connections.hubspot.process_object)"}`;
  if ((chosen ?? proposed) === "lead" && leads < qualified / 10) {
    return [
      {
        name: "what is worked",
        level: "warn",
        found,
        next: "if reps work contacts and only try out leads, set connections.hubspot.process_object to contact",
      },
    ];
  }
  if (chosen === "contact" && leads > qualified) {
    return [
      {
        name: "what is worked",
        level: "warn",
        found,
        next: "if reps work HubSpot's leads, set connections.hubspot.process_object to lead, or leave it empty",
      },
    ];
  }
  return [{ name: "what is worked", level: "ok", found }];
}
