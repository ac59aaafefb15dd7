import { describe, expect, it } from "vitest";
import { catalog } from "../../src/metrics/catalog.ts";
import { MAX_FORMULA_BYTES } from "../../src/writeback/targets/lead-formulas.ts";
import { MAX_METRIC_FIELDS } from "../../src/writeback/targets/metric.ts";
import { assertOurNames, closedStatuses, ridingFields, targetObjects } from "../../src/writeback/targets.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";

const targets = targetObjects({ closedStatuses: ["Junk"], catalog: SAMPLE_CATALOG });
const fields = targetObjects({ closedStatuses: ["Junk"], catalog }).flatMap((target) =>
  target.fields.map((field) => ({ object: target.object, ...field })),
);

function target(object: string) {
  const found = targets.find((each) => each.object === object);
  if (found === undefined) throw new Error(`no target ${object}`);
  return found;
}

describe("the fields we put into an org", () => {
  it("are all named Ripeline_..__c, with at most 40 characters before the ending, and once per object", () => {
    for (const field of fields) {
      expect(field.name).toMatch(/^Ripeline_[A-Za-z0-9]+(_[A-Za-z0-9]+)*__c$/);
      expect(field.name.replace(/__c$/, "").length).toBeLessThanOrEqual(40);
    }
    const names = fields.map((field) => `${field.object}.${field.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it("have labels of at most 40 and help texts of at most 510 characters, and every one has both", () => {
    for (const field of fields) {
      expect(field.label.length).toBeGreaterThan(0);
      expect(field.label.length).toBeLessThanOrEqual(40);
      expect(field.help.length).toBeGreaterThan(5);
      expect(field.help.length).toBeLessThanOrEqual(510);
    }
  });

  it("have formulas under 3,000 bytes that use stored fields only", () => {
    const formulas = fields.flatMap((field) =>
      field.type.kind === "formula" ? [{ ...field, formula: field.type.formula }] : [],
    );
    expect(formulas.length).toBeGreaterThanOrEqual(8);
    for (const { object, formula } of formulas) {
      expect(Buffer.byteLength(formula)).toBeLessThan(MAX_FORMULA_BYTES);
      for (const name of formula.match(/Ripeline_\w+__c/g) ?? []) {
        const used = fields.find((field) => field.object === object && field.name === name);
        expect(used?.type.kind).not.toBe("formula");
        expect(used).toBeDefined();
      }
    }
  });

  it("include on the lead all that the contract lists", () => {
    expect(target("Lead").fields.map((field) => field.name)).toEqual([
      "Ripeline_Clock__c",
      "Ripeline_Handed_Off_At__c",
      "Ripeline_Handed_Off_To__c",
      "Ripeline_At_Risk_At__c",
      "Ripeline_Rots_At__c",
      "Ripeline_First_Touch_At__c",
      "Ripeline_First_Touch__c",
      "Ripeline_Cold_At__c",
      "Ripeline_Outcome__c",
      "Ripeline_Handoff_Count__c",
      "Ripeline_Undelivered__c",
      "Ripeline_Exclude__c",
      "Ripeline_Rotting__c",
      "Ripeline_Rot_Status__c",
      "Ripeline_Rot_Light__c",
      "Ripeline_Hours_Left__c",
    ]);
  });

  it("key our own objects by a text of 64 that is external id, unique and case sensitive", () => {
    const own = targets.filter((each) => each.isOurs);
    expect(own.map((each) => each.object)).toEqual([
      "Ripeline_Handoff__c",
      "Ripeline_Metric__c",
      "Ripeline_Status__c",
    ]);
    for (const each of own) {
      expect(each.keyField).toBe("Ripeline_Key__c");
      expect(each.fields[0]).toMatchObject({
        name: "Ripeline_Key__c",
        type: { kind: "external_id", length: 64, isKey: true },
      });
    }
  });
});

describe("metric fields", () => {
  const metric = target("Ripeline_Metric__c");

  it("stay within 90 for the whole dictionary", () => {
    const whole = targetObjects({ closedStatuses: [], catalog }).find(
      (each) => each.object === metric.object,
    );
    expect(whole?.fields.length).toBeLessThanOrEqual(MAX_METRIC_FIELDS);
  });

  it("store a ratio as numerator and denominator and show it by a formula that guards zero and blank", () => {
    const names = metric.fields.filter((field) => field.name.startsWith("Ripeline_Cost_Per_Lead"));
    expect(names.map((field) => [field.name, field.type.kind])).toEqual([
      ["Ripeline_Cost_Per_Lead_Num__c", "number"],
      ["Ripeline_Cost_Per_Lead_Den__c", "number"],
      ["Ripeline_Cost_Per_Lead__c", "formula"],
    ]);
    expect(names[2]?.type).toMatchObject({
      returns: "currency",
      formula:
        "IF(OR(ISBLANK(Ripeline_Cost_Per_Lead_Num__c), ISBLANK(Ripeline_Cost_Per_Lead_Den__c)), NULL, " +
        "IF(Ripeline_Cost_Per_Lead_Den__c = 0, NULL, Ripeline_Cost_Per_Lead_Num__c / Ripeline_Cost_Per_Lead_Den__c))",
    });
  });

  it("are stored once where two ratios have a part in common", () => {
    const whole = targetObjects({ closedStatuses: [], catalog }).find(
      (each) => each.object === metric.object,
    );
    const named = (start: string) =>
      whole?.fields
        .filter((field) => field.name.startsWith(start))
        .map((field) => [field.name, field.type.kind === "formula" ? field.type.formula : "stored"]);
    expect(named("Ripeline_Cost_Per_Lead_Loaded")).toEqual([
      [
        "Ripeline_Cost_Per_Lead_Loaded__c",
        "IF(OR(ISBLANK(Ripeline_Investment_Loaded__c), ISBLANK(Ripeline_Cost_Per_Lead_Den__c)), NULL, " +
          "IF(OR(Ripeline_Cost_Per_Lead_Den__c = 0, Ripeline_Investment_Loaded__c <= 0), NULL, " +
          "Ripeline_Investment_Loaded__c / Ripeline_Cost_Per_Lead_Den__c))",
      ],
    ]);
    expect(named("Ripeline_Win_Rate_Den")).toEqual([["Ripeline_Win_Rate_Den__c", "stored"]]);
    expect(named("Ripeline_Win_Rate_Num")).toEqual([]);
    expect(named("Ripeline_Win_Rate__c")).toEqual([
      [
        "Ripeline_Win_Rate__c",
        "IF(OR(ISBLANK(Ripeline_Won__c), ISBLANK(Ripeline_Win_Rate_Den__c)), NULL, " +
          "IF(Ripeline_Win_Rate_Den__c = 0, NULL, Ripeline_Won__c / Ripeline_Win_Rate_Den__c))",
      ],
    ]);
  });

  it("say in the label what must not be summed", () => {
    expect(metric.fields.find((field) => field.name === "Ripeline_Load_Gini__c")?.label).toBe(
      "Load Gini (no sum)",
    );
  });

  it("ride along where the dictionary says diff: false", () => {
    expect(ridingFields(metric)).toEqual(["Ripeline_Data_As_Of__c", "Ripeline_Undelivered_Age_Hours_P50__c"]);
  });

  it("keep names within the vendor's length for the longest metrics", () => {
    const long = targetObjects({
      closedStatuses: [],
      catalog: [
        {
          name: "lead_first_response_business_hours_median",
          label: "Lead first response, business hours, median",
          unit: "hours",
          additive: false,
          formula: "median of business hours from handoff to first touch",
          diff: true,
          model: "rpt_first_response",
        },
      ],
    });
    const field = long.find((each) => each.object === "Ripeline_Metric__c")?.fields.at(-1);
    expect(field?.name).toBe("Ripeline_Lead_First_Resp_Bus_Hours_Med__c");
    expect(field?.label.length).toBeLessThanOrEqual(40);
  });
});

describe("the guard on names", () => {
  it("refuses an owner or a status on a lead", () => {
    expect(() => assertOurNames(target("Lead"), ["Ripeline_Clock__c", "OwnerId"])).toThrow(
      "ripeline must not write Lead.OwnerId: only names that start with Ripeline_ are ours",
    );
    expect(() => assertOurNames(target("Lead"), ["Status"])).toThrow("Lead.Status");
  });

  it("lets through our own names, and on our own object the owner the target lists", () => {
    expect(() => assertOurNames(target("Lead"), ["Ripeline_Clock__c"])).not.toThrow();
    expect(() => assertOurNames(target("Ripeline_Metric__c"), ["OwnerId", "CurrencyIsoCode"])).not.toThrow();
    expect(() => assertOurNames(target("Ripeline_Handoff__c"), ["OwnerId"])).toThrow(
      "Ripeline_Handoff__c.OwnerId",
    );
  });
});

describe("closed statuses", () => {
  it("are spelled as the org spells them, and as configured where the org has none", () => {
    expect(
      closedStatuses({ disqualified: ["unqualified", "Junk"], recycled: ["Nurture"] }, [
        "New",
        "UNQUALIFIED",
        "nurture",
      ]),
    ).toEqual(["UNQUALIFIED", "Junk", "nurture"]);
  });
});
