import { describe, expect, test } from "vitest";
import { engineFixture, refusal } from "./engine-fixture.ts";

const fixture = engineFixture();
const ask = (soql: string) => refusal(() => fixture.org.query(fixture.admin, soql, { all: false }));

describe("a refused query", () => {
  test("an unknown column shows snippet, caret, place in the whole statement and the vendor's hint", () => {
    expect(ask("SELECT Id, FullName FROM Account")).toEqual({
      status: 400,
      code: "INVALID_FIELD",
      // The caret stands under the F, the twelfth character.
      message:
        "\nSELECT Id, FullName FROM Account\n           ^\nERROR at Row:1:Column:12\n" +
        "No such column 'FullName' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
    });
  });

  test("the snippet of a long statement starts a few tokens before the error, the column still counts from its start", () => {
    const { message } = ask("SELECT Id, FirstName, LastName, Email, Phone, Wrong__c FROM Lead");
    expect(message).toMatch(/^\n, Email, Phone, Wrong__c FROM Lead\n {16}\^\nERROR at Row:1:Column:47\n/);
    expect(message).toContain("ERROR at Row:1:Column:47\n");
    expect(message).not.toContain("SELECT Id");
  });

  test.each([
    // Columns count from 1: SELECT and a blank take seven characters.
    ["a part of a longer name", "SELECT Id, LeadSource, Sourc FROM Lead", 24],
    ["a name in quotes", "SELECT Id FROM Lead WHERE Company = 'Nope' AND Nope = 'x'", 48],
    [
      "WHERE, though SELECT asks the parent for it",
      "SELECT Owner.Username FROM Lead WHERE Username = 'x'",
      39,
    ],
    [
      "ORDER BY, though SELECT asks the parent for it",
      "SELECT Owner.Username FROM Lead ORDER BY Username",
      42,
    ],
    ["SELECT, before WHERE", "SELECT Nope FROM Lead WHERE Nope = 'x'", 8],
  ])("an unknown column is shown where it stands: %s", (_case, soql, place) => {
    expect(ask(soql).message).toContain(`ERROR at Row:1:Column:${place}\n`);
  });

  test("an error on the second line says so", () => {
    expect(ask("SELECT Id\nFROM Nowhere").message).toContain("ERROR at Row:2:Column:6\n");
  });

  test.each([
    [
      "an unknown object",
      "SELECT Id FROM Nowhere",
      "INVALID_TYPE",
      "sObject type 'Nowhere' is not supported",
    ],
    ["currencies in an org with one", "SELECT IsoCode FROM CurrencyType", "INVALID_TYPE", "'CurrencyType'"],
    [
      "an unknown relationship",
      "SELECT Foo.Name FROM Lead",
      "INVALID_FIELD",
      "Didn't understand relationship 'Foo' in field path",
    ],
    ["a truncated statement", "SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"],
    ["a misspelt keyword", "SELEC Id FROM Lead", "MALFORMED_QUERY", "unexpected token: 'SELEC'"],
    [
      "an unclosed text",
      "SELECT Id FROM Lead WHERE Name = 'x",
      "MALFORMED_QUERY",
      "no viable alternative at character",
    ],
    [
      "a bad id",
      "SELECT Id FROM Lead WHERE Id = 'nope'",
      "INVALID_QUERY_FILTER_OPERATOR",
      "invalid ID field: nope",
    ],
    [
      "a quoted instant",
      "SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01T00:00:00Z'",
      "INVALID_FIELD",
      "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
    ],
    [
      "an unquoted text",
      "SELECT Id FROM Lead WHERE LastName = 5",
      "INVALID_FIELD",
      "value of filter criterion for field 'LastName' must be of type string and should be enclosed in quotes",
    ],
    [
      "a filter on long text",
      "SELECT Id FROM Lead WHERE Description = 'x'",
      "INVALID_FIELD",
      "can not be filtered in a query call",
    ],
    [
      "a sort by long text",
      "SELECT Id FROM Lead ORDER BY Description",
      "MALFORMED_QUERY",
      "can not be sorted in a query call",
    ],
    [
      "a field selected twice",
      "SELECT Id, Email, email FROM Lead",
      "INVALID_FIELD",
      "duplicate field selected: email",
    ],
    ["a tooling object by REST", "SELECT Id FROM ValidationRule", "INVALID_TYPE", "'ValidationRule'"],
    ["LIKE on an id", "SELECT Id FROM Lead WHERE OwnerId LIKE '005%'", "INVALID_QUERY_FILTER_OPERATOR", ""],
  ])("%s", (_what, soql, code, words) => {
    const refused = ask(soql);
    expect(refused.code).toBe(code);
    expect(refused.message).toContain(words);
    expect(refused.status).toBe(400);
  });

  test("a statement above 100,000 characters is refused, one just below it is not", () => {
    const start = "SELECT Id FROM Lead WHERE LastName IN ('x'";
    const item = `, '${"y".repeat(46)}'`;
    const statement = (length: number) =>
      `${start}${item.repeat(Math.floor((length - start.length - 1) / item.length))})`;
    expect(ask(statement(100_200)).code).toBe("MALFORMED_QUERY");
    expect(fixture.org.query(fixture.admin, statement(99_000), { all: false }).totalSize).toBe(0);
  });
});
