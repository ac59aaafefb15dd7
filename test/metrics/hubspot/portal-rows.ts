import type { Database } from "../../../src/database/database.ts";
import { type Sql, type SqlValue, sql } from "../../../src/database/sql.ts";

/** Column to value; `seenAt`, `until`, `changedAt` are the version's valid_from, valid_to, changed_at. */
export type Cells = Readonly<Record<string, SqlValue>>;

type Engagement = "call" | "email" | "meeting" | "task" | "communication";

/**
 * Builders of a portal's rows in the mirror, for workspace `w`, connection `hubspot`. A row is first seen at its creation
 * and is current for ever, unless `seenAt`, `until` or `changedAt` say otherwise. Instants are ISO text, ids as given.
 */
export interface PortalRows {
  row(table: string, cells: Cells): Promise<void>;
  owner(id: string, more?: Cells): Promise<void>;
  contact(id: string, created: string, more?: Cells): Promise<void>;
  lead(id: string, created: string, more?: Cells): Promise<void>;
  deal(id: string, created: string, more?: Cells): Promise<void>;
  /** A value that a property was set to. `by` is a user's id. */
  history(
    type: "contact" | "lead" | "deal",
    id: string,
    property: string,
    at: string,
    value: string,
    by?: string,
  ): Promise<void>;
  /** A call is OUTBOUND, an e-mail sent, a meeting over and without outcome, a task a completed call, unless `more` differs. */
  engagement(kind: Engagement, id: string, at: string, owner: string | null, more?: Cells): Promise<void>;
  associate(
    from: Engagement | "contact" | "lead" | "deal",
    id: string,
    to: string,
    ids: string,
    more?: Cells,
  ): Promise<void>;
  /** New, Attempting, Qualified, Disqualified, and Parked, whose mark is that of a lead in progress. */
  leadStages(): Promise<void>;
  /** Pipeline `default`: Qualified to buy, Contract sent, Closed won, Closed lost. */
  dealStages(): Promise<void>;
  campaign(id: string, more?: Cells): Promise<void>;
  campaignContact(campaign: string, type: string, contact: string, more?: Cells): Promise<void>;
  connection(more?: Cells): Promise<void>;
}

const usual: Readonly<Record<Engagement, (at: string) => Cells>> = {
  call: () => ({ hs_call_direction: "OUTBOUND", hs_call_status: "COMPLETED" }),
  email: () => ({ hs_email_direction: "EMAIL", hs_email_status: "SENT", redacted: false }),
  meeting: (at) => ({ hs_meeting_start_time: at, hs_meeting_end_time: at, hs_meeting_outcome: null }),
  task: (at) => ({ hs_task_type: "CALL", hs_task_status: "COMPLETED", hs_task_completion_date: at }),
  communication: () => ({ hs_communication_channel_type: "LINKEDIN_MESSAGE" }),
};

const assignments = (columns: Readonly<Record<string, SqlValue>>): readonly [Sql, Sql] => [
  sql.join(
    Object.keys(columns).map((name) => sql.identifier([name])),
    sql`, `,
  ),
  sql.join(
    Object.values(columns).map((value): Sql => sql`${value}`),
    sql`, `,
  ),
];

/** Builders that write into `db`. */
export function portalRows(db: Database): PortalRows {
  let serial = 0;
  const row = async (table: string, { seenAt, until, changedAt, ...rest }: Cells) => {
    const created = rest["createdat"] ?? rest["timestamp"] ?? "2020-01-01T00:00:00Z";
    const [names, values] = assignments({
      workspace_id: "w",
      connection_id: "hubspot",
      changed_at: changedAt ?? created,
      valid_from: seenAt ?? created,
      valid_to: until ?? null,
      ...rest,
    });
    await db.execute(sql`insert into ${sql.identifier(["mirror", table])} (${names}) values (${values})`);
  };
  const stage = (
    objecttype: "leads" | "deals",
    place: number,
    stageid: string,
    label: string,
    metadata: Cells,
  ) =>
    row("hubspot_pipeline_stage", {
      id: `${objecttype}:default:${stageid}`,
      objecttype,
      pipelineid: "default",
      pipelinelabel: "Sales",
      stageid,
      stagelabel: label,
      displayorder: place,
      isclosed: metadata["isClosed"] ?? null,
      probability: metadata["probability"] ?? null,
      metadata: JSON.stringify(metadata),
      archived: false,
    });
  return {
    row,
    owner: (id, more = {}) =>
      row("hubspot_owner", {
        id,
        userid: `user-${id}`,
        useridincludinginactive: `user-${id}`,
        type: "PERSON",
        firstname: "Rep",
        lastname: id,
        archived: false,
        ...more,
      }),
    contact: (id, created, more = {}) =>
      row("hubspot_contact", { id, createdat: created, archived: false, ...more }),
    lead: (id, created, more = {}) =>
      row("hubspot_lead", { id, createdat: created, archived: false, hs_pipeline_stage: "new", ...more }),
    deal: (id, created, more = {}) =>
      row("hubspot_deal", {
        id,
        createdat: created,
        archived: false,
        pipeline: "default",
        dealstage: "qualified",
        ...more,
      }),
    history: (type, id, property, at, value, by = "user-manager") => {
      serial += 1;
      return row(`hubspot_${type}_history`, {
        id: `${id}:${property}:${Date.parse(at)}:${String(serial).padStart(3, "0")}`,
        recordid: id,
        property,
        value,
        timestamp: at,
        sourcetype: "CRM_UI",
        updatedbyuserid: by,
      });
    },
    engagement: (kind, id, at, owner, more = {}) =>
      row(`hubspot_${kind}`, {
        id,
        createdat: at,
        archived: false,
        hubspot_owner_id: owner,
        hs_timestamp: at,
        hs_object_source: "CRM_UI",
        ...usual[kind](at),
        ...more,
      }),
    associate: (from, id, to, ids, more = {}) =>
      row(`hubspot_${from}_association`, {
        id: `${id}:${to}`,
        recordid: id,
        toobjecttype: to,
        toobjectids: ids,
        associationtypes: "",
        ...more,
      }),
    leadStages: async () => {
      await stage("leads", 0, "new", "New", { leadState: "NEW" });
      await stage("leads", 1, "attempting", "Attempting", { leadState: "IN_PROGRESS" });
      await stage("leads", 2, "qualified", "Ripe", { leadState: "QUALIFIED", isClosed: true });
      await stage("leads", 3, "disqualified", "Not for us", { leadState: "UNQUALIFIED", isClosed: true });
      await stage("leads", 4, "parked", "Nurture", { leadState: "IN_PROGRESS" });
    },
    dealStages: async () => {
      await stage("deals", 0, "qualified", "Qualified to buy", { isClosed: false, probability: "0.2" });
      await stage("deals", 1, "contract", "Contract sent", { isClosed: false, probability: "0.9" });
      await stage("deals", 2, "won", "Closed won", { isClosed: true, probability: "1" });
      await stage("deals", 3, "lost", "Closed lost", { isClosed: true, probability: "0" });
    },
    campaign: (id, more = {}) =>
      row("hubspot_campaign", {
        id,
        hs_name: id,
        hs_campaign_status: "in_progress",
        createdat: "2020-01-01T00:00:00Z",
        ...more,
      }),
    campaignContact: (campaign, type, contact, more = {}) =>
      row("hubspot_campaign_contact", {
        id: `${campaign}:${type}:${contact}`,
        campaignid: campaign,
        contacttype: type,
        contactid: contact,
        ...more,
      }),
    connection: async (more = {}) => {
      const [names, values] = assignments({
        workspace_id: "w",
        connection_id: "hubspot",
        crm: "hubspot",
        org_id: "4711",
        instance_url: "https://app.hubspot.com",
        username: "ripeline@acme.example",
        ...more,
      });
      await db.execute(sql`insert into mirror.connection (${names}) values (${values})`);
    },
  };
}
