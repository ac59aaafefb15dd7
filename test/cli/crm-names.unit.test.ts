import { describe, expect, it } from "vitest";
import { crmNames } from "../../src/cli/crm-names.ts";

describe("--crm", () => {
  it("takes one CRM or both, in any order and spelling", () => {
    expect(crmNames("salesforce")).toEqual(["salesforce"]);
    expect(crmNames("hubspot")).toEqual(["hubspot"]);
    expect(crmNames("hubspot,salesforce")).toEqual(["salesforce", "hubspot"]);
    expect(crmNames("Salesforce, HubSpot")).toEqual(["salesforce", "hubspot"]);
  });

  it.each([
    ["sugar", /"sugar" is no CRM that ripeline knows; give salesforce, hubspot, or both/],
    ["", /"" leaves a CRM out/],
    ["salesforce,", /"salesforce," leaves a CRM out/],
    ["hubspot,hubspot", /names one CRM twice/],
  ])("refuses %j and says what may stand there", (text, message) => {
    expect(() => crmNames(text)).toThrow(message);
  });
});
