import { describe, expect, test } from "vitest";
import {
  APPLY,
  column,
  engineFixture,
  fieldComponent,
  firstId,
  makeLead,
  makeUser,
  QUIET,
  refusal,
  rows,
} from "./engine-fixture.ts";

describe("control load", () => {
  test("takes audit and derived fields as given, and fills the rest from the clock and the admin", () => {
    const fixture = engineFixture();
    fixture.org.load("Lead", [
      {
        LastName: "Given",
        Company: "x",
        CreatedDate: "2026-01-01T10:00:00.000+0200",
        SystemModstamp: "2026-02-01T00:00:00Z",
      },
    ]);
    expect(
      rows(fixture, "SELECT CreatedDate, SystemModstamp, LastModifiedDate, CreatedById, Status FROM Lead"),
    ).toEqual([
      {
        CreatedDate: "2026-01-01T08:00:00.000+0000",
        SystemModstamp: "2026-02-01T00:00:00.000+0000",
        LastModifiedDate: "2026-06-03T08:00:00.000+0000",
        CreatedById: fixture.org.adminUser.id,
        Status: "Open - Not Contacted",
      },
    ]);
  });

  test("upserts by Id of 15 or 18 characters and stamps anew what was there", () => {
    const fixture = engineFixture();
    fixture.org.load("Lead", [{ Id: "00Q000000000abc", LastName: "First", Company: "x", Title: "CTO" }]);
    const [id] = column(fixture, "SELECT Id FROM Lead");
    fixture.clock.advance(60_000);
    fixture.org.load("Lead", [{ Id: id, LastName: "Second" }]);
    expect(rows(fixture, "SELECT LastName, Title, CreatedDate, SystemModstamp FROM Lead")).toEqual([
      {
        LastName: "Second",
        Title: "CTO",
        CreatedDate: "2026-06-03T08:00:00.000+0000",
        SystemModstamp: "2026-06-03T08:01:00.000+0000",
      },
    ]);
  });

  test("runs no assignment rule, writes no history and no log", () => {
    const fixture = engineFixture();
    makeUser(fixture, "Rep");
    fixture.org.load("Lead", [{ LastName: "x", Company: "x" }]);
    expect(column(fixture, "SELECT OwnerId FROM Lead")).toEqual([fixture.org.adminUser.id]);
    expect(column(fixture, "SELECT Id FROM LeadHistory")).toEqual([]);
    expect(fixture.org.writes).toEqual([]);
  });

  test("an unknown field, a bad value and a bad id refuse the whole load and keep nothing of it", () => {
    const fixture = engineFixture();
    const load = (row: Record<string, unknown>) =>
      refusal(() => fixture.org.load("Lead", [{ LastName: "first", Company: "x" }, row]));
    expect(load({ Nope: 1 })).toMatchObject({ status: 400, code: "INVALID_FIELD" });
    expect(load({ NumberOfEmployees: "many" })).toMatchObject({
      status: 400,
      code: "INVALID_TYPE_ON_FIELD_IN_RECORD",
    });
    expect(load({ Id: "short" })).toMatchObject({ status: 400, code: "MALFORMED_ID" });
    expect(load({ CreatedDate: "2026-02-30T00:00:00Z" })).toMatchObject({ status: 400 });
    expect(column(fixture, "SELECT Id FROM Lead")).toEqual([]);
  });

  test("an id of another object, or with a wrong checksum, is refused with what is expected", () => {
    const fixture = engineFixture();
    const load = (Id: string) =>
      refusal(() => fixture.org.load("Lead", [{ Id, LastName: "x", Company: "x" }])).message;
    expect(load("003000000000abcAAA")).toContain("ids of Lead begin with 00Q");
    // Q is upper case, the third of the first five: bit 2 is letter E; the other blocks have none: A.
    expect(load("00Q000000000abcAAA")).toContain("expected 00Q000000000abcEAA");
    fixture.org.load("Lead", [{ Id: "00Q000000000abcEAA", LastName: "x", Company: "x" }]);
    expect(column(fixture, "SELECT Id FROM Lead")).toEqual(["00Q000000000abcEAA"]);
  });

  test("a converted lead without a status gets the converted one", () => {
    const fixture = engineFixture();
    fixture.org.load("Lead", [
      { LastName: "a", Company: "x", IsConverted: true },
      { LastName: "b", Company: "x", IsConverted: true, Status: "Working - Contacted" },
      { LastName: "c", Company: "x" },
    ]);
    const converted = column(fixture, "SELECT MasterLabel FROM LeadStatus WHERE IsConverted = true");
    expect(column(fixture, "SELECT Status FROM Lead ORDER BY LastName")).toEqual([
      converted[0],
      "Working - Contacted",
      "Open - Not Contacted",
    ]);
  });

  test("what is dumped can be loaded again unchanged, deleted rows included", () => {
    const source = engineFixture();
    makeLead(source, { FirstName: "Jo", Email: "jo@example.com" });
    source.org.remove(source.admin, [makeLead(source, { LastName: "Gone" })], QUIET);
    const dumped = [...source.org.dump("Lead")];
    const copy = engineFixture();
    copy.org.load("Lead", dumped);
    expect([...copy.org.dump("Lead")]).toEqual(dumped);
    expect(dumped.map((record) => [record["Name"], record["IsDeleted"]])).toEqual([
      ["Jo Doe", false],
      ["Gone", true],
    ]);
  });

  test("a status is known by its label: loading it again replaces the entry", () => {
    const fixture = engineFixture();
    fixture.org.load("LeadStatus", [
      { Id: "01J000000000abc", MasterLabel: "Open - Not Contacted", SortOrder: 9 },
      { MasterLabel: "Recycled", SortOrder: 10, IsDefault: true },
    ]);
    expect(
      rows(fixture, "SELECT MasterLabel, IsDefault FROM LeadStatus WHERE SortOrder > 8 ORDER BY SortOrder"),
    ).toEqual([
      { MasterLabel: "Open - Not Contacted", IsDefault: false },
      { MasterLabel: "Recycled", IsDefault: true },
    ]);
    expect(column(fixture, "SELECT COUNT(Id) FROM LeadStatus")).toEqual([5]);
    makeLead(fixture);
    expect(column(fixture, "SELECT Status FROM Lead")).toEqual(["Recycled"]);
  });

  test("campaign totals follow members, opportunities and the hierarchy", () => {
    const fixture = engineFixture();
    const { org } = fixture;
    org.load("Campaign", [{ Name: "Parent", ActualCost: 100 }]);
    const [parent] = column(fixture, "SELECT Id FROM Campaign");
    org.load("Campaign", [
      { Name: "Child", ParentId: parent, ActualCost: 40 },
      { Name: "Blank", ParentId: parent },
    ]);
    const [child] = column(fixture, "SELECT Id FROM Campaign WHERE Name = 'Child'");
    const lead = makeLead(fixture);
    org.insert(
      fixture.admin,
      "CampaignMember",
      [{ CampaignId: child, LeadId: lead, Status: "Responded" }],
      QUIET,
    );
    org.load("Opportunity", [
      { Name: "o", StageName: "Closed Won", CloseDate: "2026-06-01", Amount: 900, CampaignId: child },
    ]);
    const totals =
      "SELECT Name, HierarchyActualCost, NumberOfLeads, NumberOfResponses, AmountWonOpportunities FROM Campaign ORDER BY Name";
    // Parent: 100 + 40; the blank child adds nothing and alone has no cost at all.
    expect(rows(fixture, totals)).toEqual([
      {
        Name: "Blank",
        HierarchyActualCost: null,
        NumberOfLeads: 0,
        NumberOfResponses: 0,
        AmountWonOpportunities: 0,
      },
      {
        Name: "Child",
        HierarchyActualCost: 40,
        NumberOfLeads: 1,
        NumberOfResponses: 1,
        AmountWonOpportunities: 900,
      },
      {
        Name: "Parent",
        HierarchyActualCost: 140,
        NumberOfLeads: 0,
        NumberOfResponses: 0,
        AmountWonOpportunities: 0,
      },
    ]);
    expect(rows(fixture, "SELECT HasResponded, FirstRespondedDate FROM CampaignMember")).toEqual([
      { HasResponded: true, FirstRespondedDate: "2026-06-03" },
    ]);
  });
});

describe("reset", () => {
  test("brings back rows, ids, metadata, settings and the log as they were at the start", () => {
    const fixture = engineFixture();
    const { org, admin } = fixture;
    const kept = makeLead(fixture, { Title: "before", Email: "kept@example.com" });
    const before = [...org.dump("Lead")];
    org.markStart();
    const after = () => {
      const id = makeLead(fixture, { LastName: "New" });
      org.update(admin, "Lead", [{ Id: kept, Title: "after", OwnerId: makeUser(fixture, "Rep") }], QUIET);
      org.deploy(admin, [fieldComponent("Lead.X__c", { type: "Text", length: 5 })], [], APPLY);
      org.update(admin, "Lead", [{ Id: kept, X__c: "x" }], QUIET);
      org.remove(admin, [kept], QUIET);
      org.configure({ hiddenFields: ["Lead.Email"] });
      return id;
    };
    const first = after();
    org.reset();
    expect([...org.dump("Lead")]).toEqual(before);
    expect(column(fixture, "SELECT Email FROM Lead", fixture.integration)).toEqual(["kept@example.com"]);
    expect(refusal(() => column(fixture, "SELECT X__c FROM Lead")).code).toBe("INVALID_FIELD");
    expect(org.writes).toEqual([]);
    // The same again gives the same ids, and can be taken back again.
    expect(after()).toBe(first);
    org.reset();
    expect([...org.dump("Lead")]).toEqual(before);
  });

  test("an index built before the reset finds nothing of what was taken back", () => {
    const fixture = engineFixture();
    const lead = makeLead(fixture);
    fixture.org.markStart();
    const calls = `SELECT Subject FROM Task WHERE WhoId = '${lead}'`;
    fixture.org.insert(fixture.admin, "Task", [{ WhoId: lead, Subject: "call" }], QUIET);
    expect(column(fixture, calls)).toEqual(["call"]);
    fixture.org.reset();
    expect(column(fixture, calls)).toEqual([]);
    fixture.org.insert(fixture.admin, "Task", [{ WhoId: lead, Subject: "again" }], QUIET);
    expect(column(fixture, calls)).toEqual(["again"]);
  });

  test("without a marked start it is refused with what to do", () => {
    expect(() => engineFixture().org.reset()).toThrow("call markStart after loading it");
  });
});

describe("savepoints", () => {
  test("nest: the inner one is taken back, the outer one kept", () => {
    const fixture = engineFixture();
    const outer = fixture.org.savepoint();
    const id = makeLead(fixture, { Title: "outer" });
    const inner = fixture.org.savepoint();
    fixture.org.update(fixture.admin, "Lead", [{ Id: id, Title: "inner" }], QUIET);
    inner.rollback();
    outer.release();
    expect(column(fixture, "SELECT Title FROM Lead")).toEqual(["outer"]);
  });

  test("one taken back removes its rows, history and log entries", () => {
    const fixture = engineFixture();
    const point = fixture.org.savepoint();
    const id = makeLead(fixture);
    point.rollback();
    expect(column(fixture, "SELECT Id FROM Lead")).toEqual([]);
    expect(column(fixture, "SELECT Id FROM LeadHistory")).toEqual([]);
    expect(fixture.org.writes).toEqual([]);
    expect(makeLead(fixture)).toBe(id);
  });
});

describe("retrieve and record counts", () => {
  test("a record comes with the asked fields; a missing one is not found, a deleted one is deleted", () => {
    const fixture = engineFixture();
    const { org, admin } = fixture;
    const id = makeLead(fixture);
    expect(org.retrieve(admin, "Lead", id, ["LastName"])).toEqual({
      attributes: { type: "Lead", url: `/services/data/v67.0/sobjects/Lead/${id}` },
      LastName: "Doe",
    });
    expect(refusal(() => org.retrieve(admin, "Lead", "00Q000000000001AAA"))).toMatchObject({
      status: 404,
      code: "NOT_FOUND",
    });
    org.remove(admin, [id], QUIET);
    expect(refusal(() => org.retrieve(admin, "Lead", id))).toMatchObject({
      status: 404,
      code: "ENTITY_IS_DELETED",
    });
  });

  test("set-up rows take no storage", () => {
    const fixture = engineFixture();
    expect(fixture.org.recordCount()).toBe(0);
    const deal = [{ Name: "d", StageName: "Prospecting", CloseDate: "2026-07-01" }];
    const id = firstId(fixture.org.insert(fixture.admin, "Account", [{ Name: "a" }], QUIET));
    expect(fixture.org.objectOfId(id)).toBe("Account");
    fixture.org.load("Opportunity", deal);
    expect(fixture.org.recordCount()).toBe(2);
  });
});
