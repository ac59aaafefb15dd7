import { describe, expect, test } from "vitest";
import { engineFixture, refusal } from "./engine-fixture.ts";

type Entry = Readonly<Record<string, unknown>>;

function fieldOf(description: Entry, name: string): Entry {
  const fields: unknown = description["fields"];
  const found: unknown = Array.isArray(fields)
    ? fields.find(
        (field: unknown) =>
          typeof field === "object" && field !== null && "name" in field && field.name === name,
      )
    : undefined;
  if (typeof found !== "object" || found === null) throw new Error(`No field ${name}`);
  return Object.fromEntries(Object.entries(found));
}

describe("describe", () => {
  test("has 45 keys, each field 57, and the field's type, label and parents", () => {
    const { org, admin } = engineFixture();
    const lead = org.describe(admin, "lead");
    expect(Object.keys(lead)).toHaveLength(45);
    expect(lead).toMatchObject({
      name: "Lead",
      keyPrefix: "00Q",
      custom: false,
      createable: true,
      labelPlural: "Leads",
    });
    const owner = fieldOf(lead, "OwnerId");
    expect(Object.keys(owner)).toHaveLength(57);
    expect(owner).toMatchObject({
      type: "reference",
      referenceTo: ["Group", "User"],
      relationshipName: "Owner",
      polymorphicForeignKey: true,
      nillable: false,
    });
    expect(fieldOf(lead, "ConvertedDate")).toMatchObject({
      type: "date",
      createable: false,
      updateable: false,
    });
    expect(fieldOf(org.describe(admin, "Task"), "Subject")).toMatchObject({ type: "combobox" });
  });

  test("status values are those of the org's list, in its order", () => {
    const { org, admin } = engineFixture();
    const values = fieldOf(org.describe(admin, "Lead"), "Status")["picklistValues"];
    expect(
      Array.isArray(values) ? values.map((entry: Entry) => [entry["value"], entry["defaultValue"]]) : [],
    ).toEqual([
      ["Open - Not Contacted", true],
      ["Working - Contacted", false],
      ["Closed - Converted", false],
      ["Closed - Not Converted", false],
    ]);
  });

  test("currencies are there only in an org that has more than one", () => {
    const one = engineFixture();
    const many = engineFixture({ multiCurrency: true });
    const has = ({ org, admin }: typeof one) => {
      const objects = org.describeGlobal(admin).map((entry) => entry["name"]);
      return objects.includes("CurrencyType") && objects.includes("DatedConversionRate");
    };
    expect([has(one), has(many)]).toEqual([false, true]);
    expect(() => fieldOf(one.org.describe(one.admin, "Lead"), "CurrencyIsoCode")).toThrow("No field");
    expect(fieldOf(many.org.describe(many.admin, "Lead"), "CurrencyIsoCode")).toMatchObject({
      type: "picklist",
    });
  });

  test("histories have no modification stamps and set-up rows no IsDeleted, as at the vendor", () => {
    const { org, admin } = engineFixture();
    const has = (object: string, name: string) => {
      const fields: unknown = org.describe(admin, object)["fields"];
      return Array.isArray(fields) && fields.some((field: Entry) => field["name"] === name);
    };
    expect([has("LeadHistory", "SystemModstamp"), has("LeadHistory", "CreatedDate")]).toEqual([false, true]);
    expect([has("OpportunityHistory", "SystemModstamp"), has("User", "IsDeleted")]).toEqual([true, false]);
  });

  test("an unknown object is not found", () => {
    const { org, admin } = engineFixture();
    expect(refusal(() => org.describe(admin, "Nowhere"))).toMatchObject({ status: 404, code: "NOT_FOUND" });
  });
});
