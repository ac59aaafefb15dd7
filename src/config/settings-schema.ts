import { z } from "zod";

/** `ripeline.yaml`, key by key. Every key has a default; an unknown one is refused. */

const ianaZone = z.string().refine(isTimeZone, { error: "an IANA time zone such as Europe/Berlin" });
const wallTime = z.string().regex(/^([01]\d|2[0-4]):[0-5]\d$/, { error: "a wall time such as 09:00" });
const isoDate = z.iso.date({ error: "a date such as 2026-12-24" });
const userId = z
  .string()
  .regex(/^005[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$/, { error: "a Salesforce user id (005...)" });
/** As `URL.host` has it: lower case, with a port only where it is not 443. */
const hostName = z
  .string()
  .transform((host) => host.toLowerCase())
  .refine((host) => /^[a-z0-9.[\]:-]+$/.test(host) && URL.parse(`https://${host}`)?.host === host, {
    error: "a host such as gateway.acme.com or gateway.acme.com:8443, without https:// and without a path",
  });
const share = z.number().min(0).max(1);

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const opportunityKind = z.enum(["new", "expansion", "renewal"]);

const workspaceSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default("default")
    .describe("Key of this company in the store; change it only before the first sync."),
  name: z.string().min(1).default("My company").describe("Shown in reports."),
  time_zone: ianaZone.default("UTC").describe("IANA zone in which days, months and fiscal years are cut."),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .nullable()
    .default(null)
    .describe("ISO 4217 code of report money; empty: the org's corporate currency."),
  fiscal_year_start_month: z.int().min(1).max(12).default(1),
});

const calendarDay = z.strictObject({ open: wallTime, close: wallTime });

const calendarSchema = z.strictObject({
  name: z.string().min(1),
  time_zone: ianaZone,
  days: z
    .strictObject({
      monday: calendarDay.optional(),
      tuesday: calendarDay.optional(),
      wednesday: calendarDay.optional(),
      thursday: calendarDay.optional(),
      friday: calendarDay.optional(),
      saturday: calendarDay.optional(),
      sunday: calendarDay.optional(),
    })
    .describe("A day left out is closed."),
  holidays: z.array(isoDate).default([]),
});

const policySchema = z.strictObject({
  name: z.string().min(1),
  match: z
    .strictObject({
      sources: z.array(z.string()).optional(),
      reps: z.array(userId).optional(),
      teams: z.array(z.string()).optional(),
    })
    .default({})
    .describe("Every list given must match; nothing given matches every lead."),
  expiry_hours: z.number().positive().max(8760),
  calendar: z
    .string()
    .default("wall_clock")
    .describe("wall_clock, org_default, or the name of the org's BusinessHours or of one of rot.calendars."),
});

const rotSchema = z.strictObject({
  start_from: z.iso
    .datetime({ offset: true })
    .nullable()
    .default(null)
    .describe("Earliest handoff that is flagged in the CRM; empty: the moment of the first apply."),
  restart: z
    .enum(["untouched", "always", "never"])
    .default("untouched")
    .describe("Whether a new rep's clock starts anew: only while nobody touched the lead, always, never."),
  cold_after_days: z.number().positive().default(14),
  delivery_expiry_hours: z.number().positive().default(24),
  max_unlogged: share.default(0.2).describe("Above this share of unlogged work, touch metrics are unknown."),
  policies: z
    .array(policySchema)
    .min(1)
    .default([{ name: "default", match: {}, expiry_hours: 24, calendar: "wall_clock" }])
    .describe("The first that matches a lead applies; the last one should match every lead."),
  calendars: z.array(calendarSchema).default([]),
});

/** What marketing tools and sequencers write as the subject of tasks they log. POSIX regular expressions, case ignored. */
const AUTOMATED_SUBJECTS = [
  "^(email|e-mail): .*\\[(list|mass) email\\]",
  "^(pardot|account engagement)( list)? (email|e-mail)",
  "^(marketing )?(email|e-mail) sent[:]? .*(campaign|newsletter|nurture)",
  "^was sent (an )?(email|e-mail)",
  "^marketo[: ]",
  "^(opened|clicked|delivered|bounced)( link in)? (email|e-mail)",
  "^hubspot[: ]",
  "^(submitted|filled out) (a )?form",
  "^\\[(outreach|salesloft|apollo|sequence)\\]",
  "^(auto-?reply|automatic reply|out of office)",
  "^(newsletter|nurture)[: ]",
];

const pattern = z.string().min(1).refine(isPattern, { error: "a regular expression" });

function isPattern(source: string): boolean {
  try {
    new RegExp(source, "i");
    return true;
  } catch {
    return false;
  }
}

const touchSchema = z.strictObject({
  by: z
    .enum(["owner", "team", "anyone"])
    .default("anyone")
    .describe("Whose activity counts; anyone: any rep."),
  task_types: z.array(z.string()).default(["Call", "Email"]),
  ignore_subjects: z.array(pattern).default(AUTOMATED_SUBJECTS),
  sequences: z
    .enum(["first_step", "all", "none"])
    .default("first_step")
    .describe("Which e-mails of a HubSpot sequence are touches; first_step: the first one to a record."),
  cancelled_subjects: z.array(pattern).default(["^\\W*(cancell?ed|abgesagt|annul)"]),
});

const statusesSchema = z.strictObject({
  disqualified: z
    .array(z.string())
    .default(["Closed - Not Converted", "Unqualified", "Disqualified", "Junk"]),
  recycled: z.array(z.string()).default(["Recycled", "Nurture"]),
  working: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe("Empty: every status that is not the default, converted, disqualified or recycled."),
});

const scopeSchema = z.strictObject({
  record_types: z.array(z.string()).default([]).describe("Record type ids that count; empty: all."),
  excluded_email_domains: z.array(z.string()).default([]),
  excluded_creators: z.array(userId).default([]),
});

const repsSchema = z.strictObject({
  profiles: z.array(z.string()).default([]).describe("Profile names of reps; empty: the built-in rule."),
  roles: z.array(z.string()).default([]).describe("Role names of reps; empty: the built-in rule."),
  users: z.array(userId).default([]),
  ignored_owners: z.array(userId).default([]),
  robot_above: z
    .int()
    .positive()
    .default(200)
    .describe("A user who both created and owned more leads than this in 30 days is no person."),
  capacity: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe("Open leads and opportunities a rep can carry."),
  capacity_by_role: z.record(z.string(), z.number().positive()).default({}),
  capacity_by_user: z.record(userId, z.number().positive()).default({}),
  availability: z.record(userId, share).default({}).describe("1 full time, 0.5 half time."),
  away: z.array(z.strictObject({ user: userId, from: isoDate, to: isoDate })).default([]),
  weights: z
    .strictObject({ handoff: z.number().min(0).default(1), opportunity: z.number().min(0).default(1) })
    .prefault({}),
});

const pipelineSchema = z.strictObject({
  types: z.array(opportunityKind).min(1).default(["new", "expansion"]),
  stage: z
    .string()
    .nullable()
    .default(null)
    .describe("First stage that counts; empty: the first open stage."),
  type_map: z
    .record(z.string(), opportunityKind)
    .default({})
    .describe("Opportunity.Type to new, expansion or renewal, beside the built-in rule."),
  stalled_after_days: z
    .number()
    .positive()
    .default(14)
    .describe("Days without a touch or a change of stage after which an open opportunity is stalled."),
  stalled_after_days_by_stage: z
    .record(z.string(), z.number().positive())
    .default({})
    .describe("The same by stage: API name or label, case ignored."),
});

const investmentSchema = z.strictObject({
  parents: z
    .record(z.string(), z.enum(["parent", "children"]))
    .default({})
    .describe("Campaign id to who holds the money, where a parent repeats its children's cost."),
  twins: z
    .array(z.strictObject({ holder: z.string().min(1), twin: z.string().min(1) }))
    .default([])
    .refine(
      (pairs) => {
        const twins = pairs.map((pair) => pair.twin);
        return new Set(twins).size === twins.length && pairs.every((pair) => !twins.includes(pair.holder));
      },
      { error: "a campaign may be a twin once, and none that holds another's money may be a twin itself" },
    )
    .describe(
      "A campaign of one CRM that stands for one of another, by ids: holder has the money, twin has none of it.",
    ),
  orphan_after_days: z.int().positive().default(30),
  load_by: z
    .enum(["own_cost", "evenly"])
    .default("own_cost")
    .describe("How a month's operations are spread over its programs in loaded cost."),
});

/** Empty: the fastest that stays under 5% of the org's calls a day. */
const cadenceMinutes = z.int().min(1).nullable().default(null);

export const settingsFileSchema = z.strictObject({
  workspace: workspaceSchema.prefault({}),
  connections: z
    .strictObject({
      salesforce: z
        .strictObject({
          id: z.string().default("salesforce"),
          allowed_hosts: z
            .array(hostName)
            .default([])
            .describe("Hosts outside Salesforce's domains that tokens and keys may be sent to."),
        })
        .prefault({}),
    })
    .prefault({}),
  rot: rotSchema.prefault({}),
  touch: touchSchema.prefault({}),
  statuses: statusesSchema.prefault({}),
  scope: scopeSchema.prefault({}),
  reps: repsSchema.prefault({}),
  pipeline: pipelineSchema.prefault({}),
  investment: investmentSchema.prefault({}),
  report: z
    .strictObject({
      months: z.int().min(1).max(120).default(24),
      cohort_ages: z.array(z.int().positive()).default([90, 180, 365]),
    })
    .prefault({}),
  writeback: z
    .strictObject({
      mode: z.enum(["fields", "side_object"]).default("fields"),
      max_per_hour: z.int().positive().default(5000).describe("Rows an object an hour, in `start`."),
      rep_metrics: z.enum(["named", "team_only"]).default("named"),
    })
    .prefault({}),
  cadence: z
    .strictObject({
      fast_minutes: cadenceMinutes.describe("Leads, activities, owner history."),
      money_minutes: cadenceMinutes.describe("Opportunities, campaigns, costs."),
      slow_minutes: cadenceMinutes.describe("Users, calendars, currencies."),
    })
    .prefault({}),
  api: z
    .strictObject({
      ceiling: share.default(0.25).describe("Share of the org's daily calls that ripeline may use."),
    })
    .prefault({}),
});

export type SettingsFile = z.infer<typeof settingsFileSchema>;
