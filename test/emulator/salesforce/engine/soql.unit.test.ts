import { describe, expect, test } from "vitest";
import { column, engineFixture, type Fixture, makeLead, refusal, rows } from "./engine-fixture.ts";

function withLeads(): Fixture {
  const fixture = engineFixture();
  fixture.org.load("Lead", [
    {
      LastName: "Alpha",
      Company: "One",
      Status: "Open",
      AnnualRevenue: 10,
      LeadSource: "Web",
      Country: "DE",
    },
    { LastName: "beta", Company: "Two", Status: "Open", AnnualRevenue: 20, LeadSource: "web", Country: "AT" },
    {
      LastName: "Gamma",
      Company: "Three",
      Status: "Closed",
      AnnualRevenue: null,
      LeadSource: null,
      Country: "DE",
    },
    {
      LastName: "O'Hara",
      Company: "50%",
      Status: "Closed",
      AnnualRevenue: 40,
      LeadSource: "Event",
      Country: null,
    },
  ]);
  return fixture;
}
const names = (fixture: Fixture, where: string) =>
  column(fixture, `SELECT LastName FROM Lead WHERE ${where} ORDER BY LastName`);

describe("WHERE", () => {
  test("text compares without regard to case, also in IN and LIKE", () => {
    const fixture = withLeads();
    expect(names(fixture, "LeadSource = 'WEB'")).toEqual(["Alpha", "beta"]);
    expect(names(fixture, "LastName IN ('ALPHA', 'Beta')")).toEqual(["Alpha", "beta"]);
    expect(names(fixture, "LastName LIKE '%A'")).toEqual(["Alpha", "beta", "Gamma", "O'Hara"]);
    expect(names(fixture, "LastName LIKE '_eta'")).toEqual(["beta"]);
  });

  test("a quote, and a per cent sign meant literally, are escaped with a backslash", () => {
    const fixture = withLeads();
    expect(names(fixture, String.raw`LastName = 'O\'Hara'`)).toEqual(["O'Hara"]);
    expect(names(fixture, String.raw`Company LIKE '50\%'`)).toEqual(["O'Hara"]);
    expect(names(fixture, String.raw`Company LIKE '\%'`)).toEqual([]);
  });

  test("not equal and NOT IN keep rows without a value, order comparisons leave them out", () => {
    const fixture = withLeads();
    expect(names(fixture, "LeadSource != 'Web'")).toEqual(["Gamma", "O'Hara"]);
    expect(names(fixture, "LeadSource NOT IN ('Web', 'Event')")).toEqual(["Gamma"]);
    expect(names(fixture, "AnnualRevenue < 40")).toEqual(["Alpha", "beta"]);
    expect(names(fixture, "AnnualRevenue = null")).toEqual(["Gamma"]);
  });

  test("NOT binds to its own condition, and parentheses group", () => {
    const fixture = withLeads();
    expect(names(fixture, "NOT Status = 'Open' AND Country = 'DE'")).toEqual(["Gamma"]);
    expect(names(fixture, "NOT (Status = 'Open' OR Country = 'DE')")).toEqual(["O'Hara"]);
    expect(
      names(fixture, "(Status = 'Open' AND Country = 'AT') OR (Status = 'Closed' AND Country = 'DE')"),
    ).toEqual(["beta", "Gamma"]);
  });

  test("AND beside OR without parentheses is refused", () => {
    const fixture = withLeads();
    const { code, message } = refusal(() =>
      names(fixture, "Status = 'Open' AND Country = 'AT' OR Country = 'DE'"),
    );
    expect(code).toBe("MALFORMED_QUERY");
    expect(message).toContain("unexpected token: 'OR'");
  });

  test("a semi-join finds the parents of matching children, an anti-join the others", () => {
    const fixture = withLeads();
    const id = makeLead(fixture, { LastName: "Called" });
    fixture.org.load("Task", [{ WhoId: id, Status: "Completed" }]);
    const inner = "SELECT WhoId FROM Task WHERE IsClosed = true";
    expect(names(fixture, `Id IN (${inner})`)).toEqual(["Called"]);
    expect(names(fixture, `Id NOT IN (${inner}) AND Country = 'AT'`)).toEqual(["beta"]);
  });

  test("INCLUDES wants all values of one group, EXCLUDES none of the groups", () => {
    const fixture = engineFixture();
    const picks = {
      valueSet: { valueSetDefinition: { value: [{ fullName: "A" }, { fullName: "B" }, { fullName: "C" }] } },
    };
    fixture.org.deploy(
      fixture.admin,
      [
        {
          type: "CustomField",
          fullName: "Lead.Picks__c",
          fileName: "objects/Lead.object",
          content: { label: "Picks", type: "MultiselectPicklist", visibleLines: 3, ...picks },
        },
      ],
      [],
      { checkOnly: false, rollbackOnError: true },
    );
    fixture.org.load("Lead", [
      { LastName: "AB", Company: "x", Picks__c: "A;B" },
      { LastName: "C", Company: "x", Picks__c: "C" },
      { LastName: "none", Company: "x" },
    ]);
    expect(names(fixture, "Picks__c INCLUDES ('A;B', 'C')")).toEqual(["AB", "C"]);
    expect(names(fixture, "Picks__c INCLUDES ('A;C')")).toEqual([]);
    expect(names(fixture, "Picks__c EXCLUDES ('A')")).toEqual(["C", "none"]);
  });
});

describe("relationships", () => {
  test("parents nest, a polymorphic owner shows its type, and a missing parent is null", () => {
    const fixture = engineFixture();
    const { org } = fixture;
    org.load("Group", [{ Name: "Inbound", Type: "Queue" }]);
    const queue = column(fixture, "SELECT Id FROM Group WHERE Name = 'Inbound'")[0];
    org.load("QueueSobject", [{ QueueId: queue, SobjectType: "Lead" }]);
    makeLead(fixture, { OwnerId: queue });
    const [lead] = rows(
      fixture,
      "SELECT Owner.Name, Owner.Type, ConvertedContact.Account.Name, CreatedBy.Profile.Name FROM Lead",
    );
    expect(lead).toMatchObject({
      Owner: {
        attributes: { type: "Name", url: `/services/data/v67.0/sobjects/Group/${String(queue)}` },
        Name: "Inbound",
        Type: "Queue",
      },
      ConvertedContact: null,
      CreatedBy: { attributes: { type: "User" }, Profile: { Name: "System Administrator" } },
    });
    expect(
      column(fixture, "SELECT LastName FROM Lead WHERE Owner.Type = 'Queue' AND Owner.Name = 'inbound'"),
    ).toEqual(["Doe"]);
  });

  test("flat cells carry the path's value under its dotted name", () => {
    const fixture = engineFixture();
    makeLead(fixture);
    const result = fixture.org.query(fixture.admin, "SELECT lastname, Owner.Name FROM Lead", { all: false });
    expect(result.columns).toEqual(["LastName", "Owner.Name"]);
    expect(result.cells(0)).toEqual(["Doe", "Ada Admin"]);
  });

  test("child subqueries return the parent's own rows, null when it has none", () => {
    const fixture = engineFixture();
    const id = makeLead(fixture);
    makeLead(fixture, { LastName: "Alone" });
    fixture.org.load("Task", [
      { WhoId: id, Subject: "late", Status: "Completed", CreatedDate: "2026-06-02T00:00:00Z" },
      { WhoId: id, Subject: "early", Status: "Completed", CreatedDate: "2026-06-01T00:00:00Z" },
    ]);
    const found = rows(
      fixture,
      "SELECT LastName, (SELECT Subject FROM Tasks ORDER BY CreatedDate LIMIT 1) FROM Lead ORDER BY LastName",
    );
    expect(found).toMatchObject([
      { LastName: "Alone", Tasks: null },
      { LastName: "Doe", Tasks: { totalSize: 1, done: true, records: [{ Subject: "early" }] } },
    ]);
  });
});

describe("ORDER BY, LIMIT and OFFSET", () => {
  test("nulls come first in both directions unless NULLS LAST is asked for", () => {
    const fixture = withLeads();
    const ordered = (order: string) =>
      column(fixture, `SELECT AnnualRevenue FROM Lead ORDER BY AnnualRevenue ${order}`);
    expect(ordered("ASC")).toEqual([null, "10.0", "20.0", "40.0"]);
    expect(ordered("DESC")).toEqual([null, "40.0", "20.0", "10.0"]);
    expect(ordered("DESC NULLS LAST")).toEqual(["40.0", "20.0", "10.0", null]);
  });

  test("a keyset page over rows of one timestamp goes on by Id and misses none", () => {
    const fixture = engineFixture();
    fixture.org.load(
      "Lead",
      Array.from({ length: 50 }, (_, index) => ({ LastName: `L${index}`, Company: "x" })),
    );
    const seen: string[] = [];
    let after = "000000000000000";
    for (let page = 0; page < 10; page++) {
      const found = rows(
        fixture,
        `SELECT Id, SystemModstamp FROM Lead WHERE SystemModstamp >= 2026-06-03T08:00:00Z AND Id > '${after}' ORDER BY SystemModstamp, Id LIMIT 7`,
      );
      for (const row of found) if (typeof row["Id"] === "string") seen.push(row["Id"]);
      after = seen.at(-1) ?? after;
    }
    expect(seen).toEqual(column(fixture, "SELECT Id FROM Lead"));
    expect(new Set(seen).size).toBe(50);
  });

  test("an offset above 2,000 is refused, one within it skips rows", () => {
    const fixture = withLeads();
    expect(column(fixture, "SELECT LastName FROM Lead ORDER BY LastName LIMIT 2 OFFSET 1")).toEqual([
      "beta",
      "Gamma",
    ]);
    expect(refusal(() => rows(fixture, "SELECT Id FROM Lead OFFSET 2001"))).toEqual({
      status: 400,
      code: "NUMBER_OUTSIDE_VALID_RANGE",
      message: "Maximum SOQL offset allowed is 2000",
    });
  });

  test("FIELDS(ALL) needs a limit of at most 200", () => {
    const fixture = withLeads();
    expect(rows(fixture, "SELECT FIELDS(ALL) FROM Lead LIMIT 200")[0]).toMatchObject({
      LastName: "Alpha",
      IsConverted: false,
    });
    expect(refusal(() => rows(fixture, "SELECT FIELDS(ALL) FROM Lead")).code).toBe("MALFORMED_QUERY");
  });
});

describe("aggregates", () => {
  test("groups fold case, unnamed functions become expr0, and HAVING and ORDER BY see aliases", () => {
    const fixture = withLeads();
    const found = rows(
      fixture,
      "SELECT LeadSource, COUNT(Id), SUM(AnnualRevenue) total, AVG(AnnualRevenue) mean FROM Lead GROUP BY LeadSource HAVING COUNT(Id) > 0 ORDER BY COUNT(Id) DESC, LeadSource",
    );
    // Web and web are one group: 10 + 20 = 30, mean 15. No source: no revenue, so both are null.
    expect(found).toEqual([
      { LeadSource: "Web", expr0: 2, total: 30, mean: 15 },
      { LeadSource: null, expr0: 1, total: null, mean: null },
      { LeadSource: "Event", expr0: 1, total: 40, mean: 40 },
    ]);
  });

  test("COUNT() has no records, COUNT(field) leaves nulls out, COUNT_DISTINCT folds case", () => {
    const fixture = withLeads();
    const counted = fixture.org.query(fixture.admin, "SELECT COUNT() FROM Lead", { all: false });
    expect([counted.isCountOnly, counted.totalSize]).toEqual([true, 4]);
    expect(
      rows(
        fixture,
        "SELECT COUNT(LeadSource) n, COUNT_DISTINCT(LeadSource) d, MIN(AnnualRevenue) low, MAX(LastName) high FROM Lead",
      ),
    ).toEqual([{ n: 3, d: 2, low: 10, high: "beta" }]);
  });

  test("dates group by month and by parent", () => {
    const fixture = engineFixture();
    fixture.org.load("Lead", [
      { LastName: "a", Company: "x", CreatedDate: "2026-01-31T23:59:59Z" },
      { LastName: "b", Company: "x", CreatedDate: "2026-02-01T00:00:00Z" },
      { LastName: "c", Company: "x", CreatedDate: "2026-02-02T00:00:00Z" },
    ]);
    expect(
      rows(
        fixture,
        "SELECT CALENDAR_MONTH(CreatedDate) month, Owner.Name, COUNT(Id) n FROM Lead GROUP BY CALENDAR_MONTH(CreatedDate), Owner.Name ORDER BY CALENDAR_MONTH(CreatedDate)",
      ),
    ).toEqual([
      { month: 1, Name: "Ada Admin", n: 1 },
      { month: 2, Name: "Ada Admin", n: 2 },
    ]);
  });

  test("a field that is neither grouped nor aggregated is refused", () => {
    const fixture = withLeads();
    expect(refusal(() => rows(fixture, "SELECT Status, COUNT(Id) FROM Lead GROUP BY Country"))).toMatchObject(
      {
        code: "MALFORMED_QUERY",
        message: "Field must be grouped or aggregated: Status",
      },
    );
  });

  test("more groups than one page holds are refused, since groups have no next page", () => {
    const fixture = engineFixture();
    fixture.org.load(
      "Lead",
      Array.from({ length: 2_001 }, (_, index) => ({ LastName: `L${index}`, Company: "x" })),
    );
    const grouped = "SELECT LastName, COUNT(Id) FROM Lead GROUP BY LastName";
    expect(refusal(() => rows(fixture, grouped)).code).toBe("EXCEEDED_ID_LIMIT");
    expect(rows(fixture, `${grouped} LIMIT 2000`)).toHaveLength(2_000);
  });
});

describe("what a query hides", () => {
  test("deleted rows show only in queryAll, marked as deleted", () => {
    const fixture = withLeads();
    const id = makeLead(fixture, { LastName: "Gone" });
    fixture.org.remove(fixture.admin, [id], {
      autoAssign: false,
      allowDuplicates: true,
      allOrNone: false,
      operation: "DELETE",
    });
    expect(names(fixture, "LastName = 'Gone'")).toEqual([]);
    const all = fixture.org.query(fixture.admin, "SELECT IsDeleted FROM Lead WHERE LastName = 'Gone'", {
      all: true,
    });
    expect([all.totalSize, all.cells(0)]).toEqual([1, [true]]);
  });

  test("an event a year old and a task closed a year ago are archived; an open task never is", () => {
    const fixture = engineFixture();
    // The clock says 2026-06-03, so 2025-06-03 is 365 days back.
    fixture.org.load("Event", [
      { Subject: "old", StartDateTime: "2025-06-03T10:00:00Z", DurationInMinutes: 30 },
    ]);
    fixture.org.load("Event", [
      { Subject: "younger", StartDateTime: "2025-06-04T10:00:00Z", DurationInMinutes: 30 },
    ]);
    fixture.org.load("Task", [
      { Subject: "due long ago", Status: "Completed", ActivityDate: "2025-06-03" },
      { Subject: "no date", Status: "Completed", CreatedDate: "2025-06-01T00:00:00Z" },
      { Subject: "open", Status: "Not Started", ActivityDate: "2025-01-01" },
    ]);
    expect(column(fixture, "SELECT Subject FROM Event")).toEqual(["younger"]);
    expect(column(fixture, "SELECT Subject FROM Task")).toEqual(["open"]);
    const all = fixture.org.query(fixture.admin, "SELECT Subject FROM Task WHERE IsArchived = true", {
      all: true,
    });
    expect(all.totalSize).toBe(2);
  });

  test("page sizes fall with long text and with many columns", () => {
    const fixture = engineFixture();
    const size = (fields: string) =>
      fixture.org.query(fixture.admin, `SELECT ${fields} FROM Lead`, { all: false }).maxPageRows;
    expect(size("Id, LastName, Email")).toBe(2_000);
    expect(size("Id, Description")).toBe(1_000);
  });
});
