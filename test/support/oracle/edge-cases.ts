import { salesforceId } from "../../../src/core/ids.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../src/core/time.ts";
import { type CompanyRows, everything, flag, must, text, type VendorRow } from "./vendor-rows.ts";

/** A lead made for one sentence of the definitions, and what its one open or last handoff must be. */
export interface EdgeCase {
  readonly why: string;
  readonly leadId: string;
  /** State of its last handoff; null: it has none. */
  readonly state: string | null;
}

export interface EdgeCompany {
  readonly cases: readonly EdgeCase[];
  /** Rows to load, by object, in this order. */
  readonly rows: ReadonlyMap<string, readonly VendorRow[]>;
  /** An active rep of the first team who holds nothing. */
  readonly idleRepId: string;
  /** 201 untouched leads that one person moved from rep to rep in four minutes. */
  readonly realignedLeadIds: readonly string[];
}

/** `why` of the lead whose only mail came back. */
const BOUNCED = "a bounced mail is none";

/**
 * Rows beside a seeded company: each boundary of the definitions once.
 * @param asOf when the company will be read
 * @param leftOut cases, by their `why`, that are not made
 */
export function edgeCompany(company: CompanyRows, asOf: number, leftOut: readonly string[]): EdgeCompany {
  const rows = new Map<string, VendorRow[]>();
  const cases: EdgeCase[] = [];
  const users = everything(company, "User");
  const reps = users.filter((user) => text(user, "Title") === "Sales Representative");
  const [anna, ben] = reps.filter((user) => flag(user, "IsActive")).map((user) => must(user, "Id"));
  const gone = reps.find((user) => !flag(user, "IsActive"));
  const robot = users.find((user) => text(user, "Name") === "Website Sync");
  const queue = everything(company, "Group")[0];
  const model = reps[0];
  if (!anna || !ben || !gone || !robot || !queue || !model) throw new Error("the company lacks its people");
  const [goneId, robotId, queueId] = [must(gone, "Id"), must(robot, "Id"), must(queue, "Id")];

  const at = (hoursAgo: number, seconds = 0): string =>
    new Date(asOf - hoursAgo * HOUR_MS + seconds * SECOND_MS).toISOString();
  const add = (object: string, row: VendorRow): void => {
    rows.set(object, [...(rows.get(object) ?? []), row]);
  };
  let count = 0;
  const nextId = (prefix: string): string => {
    count += 1;
    return salesforceId(`${prefix}8dEdge${String(count).padStart(6, "0")}`);
  };
  const addLead = (ownerId: string, created: string, fields: VendorRow = {}): string => {
    const id = nextId("00Q");
    add("Lead", {
      Id: id,
      LastName: `Edge ${count}`,
      Company: "Edge",
      Email: `edge.${count}@edge.example`,
      LeadSource: "Edge",
      Status: "Open - Not Contacted",
      OwnerId: ownerId,
      CreatedDate: created,
      CreatedById: robotId,
      SystemModstamp: created,
      ...fields,
    });
    return id;
  };
  const lead = (
    why: string,
    state: string | null,
    ownerId: string,
    created: string,
    fields?: VendorRow,
  ): string => {
    const leadId = addLead(ownerId, created, fields);
    cases.push({ why, leadId, state });
    return leadId;
  };
  const history = (
    leadId: string,
    field: string,
    from: string,
    to: string,
    when: string,
    by = robotId,
  ): void => {
    const dataType = field === "Status" ? "Text" : "EntityId";
    add("LeadHistory", {
      LeadId: leadId,
      Field: field,
      DataType: dataType,
      OldValue: from,
      NewValue: to,
      CreatedById: by,
      CreatedDate: when,
    });
  };
  const task = (leadId: string, when: string, fields: VendorRow = {}): void => {
    add("Task", {
      WhoId: leadId,
      Subject: "Call",
      TaskSubtype: "Call",
      Status: "Completed",
      IsClosed: true,
      OwnerId: anna,
      CompletedDateTime: when,
      CreatedDate: when,
      CreatedById: anna,
      ...fields,
    });
  };
  const mail = (leadId: string, when: string, fields: VendorRow): void => {
    const id = nextId("02s");
    add("EmailMessage", {
      Id: id,
      Subject: "your request",
      Incoming: false,
      MessageDate: when,
      CreatedDate: when,
      CreatedById: anna,
      ...fields,
    });
    const relation = (type: string, object: string, relationId: string): void => {
      add("EmailMessageRelation", {
        EmailMessageId: id,
        RelationType: type,
        RelationObjectType: object,
        RelationId: relationId,
      });
    };
    relation("FromAddress", "User", anna);
    relation("ToAddress", "Lead", leadId);
  };

  // The clock's edges: the deadline is 24 hours after the handoff, at_risk begins after 18.
  lead("a lead rots from its deadline on", "rotting", anna, at(24));
  lead("a second before its deadline it is at risk", "at_risk", anna, at(24, 1));
  lead("it is at risk from three quarters of the clock on", "at_risk", anna, at(18));
  lead("a second before that it waits", "waiting", anna, at(18, 1));
  task(lead("a touch at the deadline is in time", "worked", anna, at(48)), at(24));
  task(lead("a touch a second after it is late", "worked_late", anna, at(48)), at(24, 1));
  task(lead("14 days without a touch are not yet cold", "worked", anna, at(15 * 24)), at(14 * 24));
  task(lead("a second more is", "gone_cold", anna, at(15 * 24)), at(14 * 24, -1));
  task(lead("a touch at the instant of the handoff counts", "worked", anna, at(30)), at(30));
  lead("the leads of who has left rot too", "rotting", goneId, at(30));

  // What a touch is.
  task(lead("a call that came in is no attempt", "rotting", anna, at(30)), at(29), { CallType: "Inbound" });
  task(lead("a call still to be made is none", "rotting", anna, at(30)), at(29), {
    Status: "Not Started",
    IsClosed: false,
    CompletedDateTime: null,
  });
  task(lead("a mail that a machine logged for a rep is none", "rotting", anna, at(30)), at(29), {
    Subject: "Pardot Email: price list",
    TaskSubtype: "Email",
  });
  task(lead("a dialler's call counts though a machine wrote it", "worked", anna, at(30)), at(29), {
    TaskSubtype: "Task",
    CallDisposition: "No answer",
    CreatedById: robotId,
  });
  task(lead("a task that a machine wrote and no dialler is none", "rotting", anna, at(30)), at(29), {
    TaskSubtype: "Email",
    CreatedById: robotId,
  });
  task(lead("what no rep did is none", "rotting", anna, at(30)), at(29), { OwnerId: robotId });
  mail(lead("a mail related to the lead counts without a task", "worked", anna, at(30)), at(29), {
    Status: "3",
  });
  mail(lead("a draft is none", "rotting", anna, at(30)), at(29), { Status: "5" });
  if (!leftOut.includes(BOUNCED)) {
    mail(lead(BOUNCED, "rotting", anna, at(30)), at(29), { Status: "3", IsBounced: true });
  }
  const event = { Subject: "Demo", OwnerId: anna, CreatedById: anna, CreatedDate: at(9) };
  add("Event", {
    WhoId: lead("a meeting under way is none yet", "waiting", anna, at(10)),
    StartDateTime: at(0.2),
    EndDateTime: at(-0.3),
    ...event,
  });
  add("Event", {
    WhoId: lead("a meeting that is over counts", "worked", anna, at(10)),
    StartDateTime: at(0.7),
    EndDateTime: at(0.2),
    ...event,
  });

  // Handoffs and what becomes of the clock.
  const early = lead("a touch before the handoff does not stop the clock", "rotting", anna, at(50));
  history(early, "Owner", queueId, anna, at(30));
  task(early, at(40));
  const accepted = lead("taking from a queue is a handoff", "waiting", anna, at(50));
  history(accepted, "ownerAccepted", queueId, anna, at(10), anna);
  const restarted = lead("a reassignment of an untouched lead restarts the clock", "waiting", ben, at(30));
  history(restarted, "Owner", anna, ben, at(5));
  const inherited = lead("of a touched lead it does not", "worked", ben, at(200));
  task(inherited, at(190));
  history(inherited, "Owner", anna, ben, at(5));
  const returned = lead(
    "a lead that was back in the queue starts anew, touched or not",
    "rotting",
    ben,
    at(200),
  );
  task(returned, at(190));
  history(returned, "Owner", anna, queueId, at(100));
  history(returned, "Owner", queueId, ben, at(30));
  const reopened = lead("leaving a recycled status starts a new handoff", "waiting", anna, at(100));
  task(reopened, at(90));
  history(reopened, "Status", "Open - Not Contacted", "Nurture", at(80));
  history(reopened, "Status", "Nurture", "Open - Not Contacted", at(10));
  lead("before tracked history nobody knows", "unknown", anna, at(3 * 365 * 24));
  lead("made in a closed status, in small letters too, it is nobody's to call", null, anna, at(50), {
    Status: "unqualified",
    SystemModstamp: at(20),
  });
  lead("a lead that people excluded has no handoff", null, anna, at(50), { Ripeline_Exclude__c: true });
  lead("a lead in a queue has none", null, queueId, at(50));
  const lost = lead("back in the queue it is undelivered again", "reassigned", queueId, at(200));
  history(lost, "Owner", anna, queueId, at(10));
  const contactId = nextId("003");
  const opportunityId = nextId("006");
  lead("a conversion without history is dated by its opportunity", "converted", anna, at(40), {
    Status: "Closed - Converted",
    IsConverted: true,
    ConvertedDate: at(20).slice(0, 10),
    ConvertedContactId: contactId,
    ConvertedOpportunityId: opportunityId,
  });
  add("Contact", {
    Id: contactId,
    LastName: "Edge",
    Email: "edge.contact@edge.example",
    CreatedDate: at(20),
  });
  // Lost and set to nothing: it stays at the 5,000 it was worth.
  add("Opportunity", {
    Id: opportunityId,
    Name: "Edge",
    StageName: "Closed Lost",
    IsClosed: true,
    IsWon: false,
    Amount: 0,
    CurrencyIsoCode: "EUR",
    CloseDate: at(10).slice(0, 10),
    OwnerId: anna,
    CreatedDate: at(20),
  });
  for (const [stage, amount, hoursAgo] of [
    ["Qualification", 5_000, 20],
    ["Closed Lost", 0, 10],
  ] as const) {
    add("OpportunityHistory", {
      OpportunityId: opportunityId,
      StageName: stage,
      Amount: amount,
      CurrencyIsoCode: "EUR",
      CreatedDate: at(hoursAgo),
    });
  }
  // Two records of one address are two handoffs and one person.
  lead("the first of two records of one address", "waiting", anna, at(3), { Email: "Twice@edge.example" });
  lead("the second of them", "waiting", anna, at(2), { Email: "twice@edge.example" });

  // More than 200 changes from rep to rep by one user within ten minutes: the clocks stay.
  const manager = must(users.find((user) => text(user, "Title") === "Head of Sales") ?? {}, "Id");
  const realignedLeadIds = Array.from({ length: 201 }, (_, index) => {
    const id = addLead(ben, at(30));
    history(id, "Owner", anna, ben, at(2, index), manager);
    return id;
  });

  const idleRepId = nextId("005");
  add("User", {
    Id: idleRepId,
    Username: "idle@edge.example",
    LastName: "Idle",
    Email: "idle@edge.example",
    Alias: "idle",
    IsActive: true,
    UserType: "Standard",
    ProfileId: text(model, "ProfileId"),
    UserRoleId: text(model, "UserRoleId"),
    CreatedDate: new Date(asOf - 30 * DAY_MS - MINUTE_MS).toISOString(),
  });
  return { cases, rows, idleRepId, realignedLeadIds };
}
