import type { Database } from "../../src/database/database.ts";
import { type Sql, type SqlValue, sql } from "../../src/database/sql.ts";

/**
 * Builders of mirror rows for workspace `w`, connection `sf`: each takes what matters and fills in the rest. A row is
 * first seen at its creation and is current for ever, unless `seenAt`, `until` or `changedAt` say otherwise.
 * Instants are ISO text; ids are made 18 characters long by `id`.
 */
export interface MirrorRows {
  user(name: string, more?: Cells): Promise<string>;
  queue(name: string): Promise<string>;
  role(name: string): Promise<string>;
  profile(name: string, more?: Cells): Promise<string>;
  lead(name: string, more: Cells & { readonly owner: string; readonly created: string }): Promise<string>;
  /** A row of LeadHistory that tells of a new owner. */
  ownerChange(lead: string, at: string, from: string, to: string, by?: string): Promise<void>;
  statusChange(lead: string, at: string, from: string, to: string): Promise<void>;
  conversion(lead: string, at: string): Promise<void>;
  /** A completed call logged on a lead or contact. */
  call(who: string, at: string, owner: string, more?: Cells): Promise<string>;
  event(who: string, starts: string, ends: string, owner: string, more?: Cells): Promise<string>;
  email(at: string, from: string, to: string, more?: Cells): Promise<string>;
  contact(name: string, more: Cells & { readonly created: string }): Promise<string>;
  campaign(name: string, more?: Cells): Promise<string>;
  response(campaign: string, person: string, on: string, more?: Cells): Promise<string>;
  opportunity(name: string, more: Cells & { readonly created: string }): Promise<string>;
  stageEntry(opportunity: string, at: string, stage: string, amount: number | null): Promise<void>;
  contactRole(opportunity: string, contact: string, more?: Cells): Promise<string>;
  /** Prospecting, Proposal (open), Closed Won, Closed Lost; Open, Working, Qualified, Recycled, Unqualified. */
  stagesAndStatuses(): Promise<void>;
  connection(more?: Cells): Promise<void>;
  row(table: string, cells: Cells): Promise<void>;
}

/** Column to value; `seenAt`, `until`, `changedAt` are the version's valid_from, valid_to, changed_at. */
export type Cells = Readonly<Record<string, SqlValue>>;

const prefixes = {
  user: "005",
  queue: "00G",
  role: "00E",
  profile: "00e",
  lead: "00Q",
  contact: "003",
  task: "00T",
  event: "00U",
  email: "02s",
  campaign: "701",
  member: "00v",
  opportunity: "006",
} as const;

/** The 18-character id that a builder gives to a record of this name. */
export function recordId(kind: keyof typeof prefixes, name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9]/g, "");
  return `${prefixes[kind]}${plain.padStart(15, "0")}`.slice(0, 18);
}

/** Builders that write into `db`. */
export function mirrorRows(db: Database): MirrorRows {
  let serial = 0;
  const next = () => {
    serial += 1;
    return String(serial).padStart(6, "0");
  };
  const row = async (table: string, cells: Cells) => {
    const { seenAt, until, changedAt, ...rest } = cells;
    const created = rest["createddate"] ?? "2020-01-01T00:00:00Z";
    const columns: Record<string, SqlValue> = {
      workspace_id: "w",
      connection_id: "sf",
      changed_at: changedAt ?? created,
      valid_from: seenAt ?? created,
      valid_to: until ?? null,
      ...rest,
    };
    const names = sql.join(
      Object.keys(columns).map((name) => sql.identifier([name])),
      sql`, `,
    );
    const values = sql.join(
      Object.values(columns).map((value): Sql => sql`${value}`),
      sql`, `,
    );
    await db.execute(sql`insert into ${sql.identifier(["mirror", table])} (${names}) values (${values})`);
  };
  const history = (
    lead: string,
    at: string,
    field: string,
    from: string | null,
    to: string | null,
    by: string,
  ) =>
    row("salesforce_lead_history", {
      id: `017${next()}`,
      leadid: lead,
      field,
      oldvalue: from,
      newvalue: to,
      createddate: at,
      createdbyid: by,
      isdeleted: false,
    });
  const made = async (table: string, id: string, cells: Cells) => {
    await row(table, { id, ...cells });
    return id;
  };
  return {
    row,
    user: (name, more = {}) =>
      made("salesforce_user", recordId("user", name), {
        name,
        isactive: true,
        usertype: "Standard",
        ...more,
      }),
    queue: (name) => made("salesforce_group", recordId("queue", name), { name, type: "Queue" }),
    role: (name) => made("salesforce_user_role", recordId("role", name), { name }),
    profile: (name, more = {}) =>
      made("salesforce_profile", recordId("profile", name), { name, usertype: "Standard", ...more }),
    lead: (name, { owner, created, ...more }) =>
      made("salesforce_lead", recordId("lead", name), {
        ownerid: owner,
        status: "Open",
        isconverted: false,
        isdeleted: false,
        createdbyid: recordId("user", "creator"),
        createddate: created,
        ...more,
      }),
    ownerChange: async (lead, at, from, to, by = recordId("user", "manager")) => {
      await history(lead, at, "Owner", "Old Name", "New Name", by);
      await history(lead, at, "Owner", from, to, by);
    },
    statusChange: (lead, at, from, to) => history(lead, at, "Status", from, to, recordId("user", "manager")),
    conversion: (lead, at) => history(lead, at, "leadConverted", null, null, recordId("user", "manager")),
    call: (who, at, owner, more = {}) =>
      made("salesforce_task", recordId("task", next()), {
        whoid: who,
        ownerid: owner,
        createdbyid: owner,
        createddate: at,
        completeddatetime: at,
        isclosed: true,
        tasksubtype: "Call",
        isdeleted: false,
        subject_is_automated: false,
        ...more,
      }),
    event: (who, starts, ends, owner, more = {}) =>
      made("salesforce_event", recordId("event", next()), {
        whoid: who,
        ownerid: owner,
        createdbyid: owner,
        createddate: starts,
        startdatetime: starts,
        enddatetime: ends,
        isdeleted: false,
        subject_is_automated: false,
        subject_is_cancelled: false,
        ...more,
      }),
    email: async (at, from, to, more = {}) => {
      const id = recordId("email", next());
      await row("salesforce_email_message", {
        id,
        incoming: false,
        status: "3",
        messagedate: at,
        createddate: at,
        createdbyid: from,
        isdeleted: false,
        subject_is_automated: false,
        ...more,
      });
      const relation = (person: string, type: string) =>
        row("salesforce_email_message_relation", {
          id: `0EM${next()}`,
          emailmessageid: id,
          relationid: person,
          relationtype: type,
          createddate: at,
          isdeleted: false,
        });
      await relation(from, "FromAddress");
      await relation(to, "ToAddress");
      return id;
    },
    contact: (name, { created, ...more }) =>
      made("salesforce_contact", recordId("contact", name), {
        createddate: created,
        isdeleted: false,
        ...more,
      }),
    campaign: (name, more = {}) =>
      made("salesforce_campaign", recordId("campaign", name), {
        name,
        isactive: true,
        isdeleted: false,
        createddate: "2020-01-01T00:00:00Z",
        currencyisocode: "USD",
        ...more,
      }),
    response: (campaign, person, on, more = {}) =>
      made("salesforce_campaign_member", recordId("member", next()), {
        campaignid: campaign,
        ...(person.startsWith("00Q") ? { leadid: person } : { contactid: person }),
        hasresponded: true,
        firstrespondeddate: on,
        createddate: `${on}T12:00:00Z`,
        isdeleted: false,
        ...more,
      }),
    opportunity: (name, { created, ...more }) =>
      made("salesforce_opportunity", recordId("opportunity", name), {
        stagename: "Prospecting",
        isclosed: false,
        iswon: false,
        closedate: "2026-12-31",
        currencyisocode: "USD",
        createddate: created,
        isdeleted: false,
        ...more,
      }),
    stageEntry: (opportunity, at, stage, amount) =>
      row("salesforce_opportunity_history", {
        id: `008${next()}`,
        opportunityid: opportunity,
        stagename: stage,
        amount,
        createddate: at,
        isdeleted: false,
      }),
    contactRole: (opportunity, contact, more = {}) =>
      made("salesforce_opportunity_contact_role", `00K${next()}`, {
        opportunityid: opportunity,
        contactid: contact,
        isprimary: true,
        isdeleted: false,
        createddate: "2020-01-01T00:00:00Z",
        ...more,
      }),
    stagesAndStatuses: async () => {
      const stages: readonly (readonly [string, boolean, boolean])[] = [
        ["Prospecting", false, false],
        ["Proposal", false, false],
        ["Closed Won", true, true],
        ["Closed Lost", true, false],
      ];
      for (const [index, [label, isclosed, iswon]] of stages.entries()) {
        await row("salesforce_opportunity_stage", {
          id: `01J${index}`,
          masterlabel: label,
          apiname: label,
          isactive: true,
          isclosed,
          iswon,
          sortorder: index + 1,
        });
      }
      const statuses = ["Open", "Working", "Qualified", "Recycled", "Unqualified"];
      for (const [index, label] of statuses.entries()) {
        await row("salesforce_lead_status", {
          id: `01Jl${index}`,
          masterlabel: label,
          apiname: label,
          isconverted: label === "Qualified",
          isdefault: label === "Open",
          sortorder: index + 1,
        });
      }
    },
    connection: async (more = {}) => {
      const cells: Cells = {
        workspace_id: "w",
        connection_id: "sf",
        crm: "salesforce",
        org_id: "00D000000000001AAA",
        instance_url: "https://acme.my.salesforce.com",
        username: "ripeline@acme.example",
        tracks_owner_history: true,
        tracks_status_history: true,
        ...more,
      };
      await db.execute(sql`
        insert into mirror.connection (${sql.join(
          Object.keys(cells).map((name) => sql.identifier([name])),
          sql`, `,
        )}) values (${sql.join(
          Object.values(cells).map((value): Sql => sql`${value}`),
          sql`, `,
        )})`);
    },
  };
}
