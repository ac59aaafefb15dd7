import { describe, expect, it } from "vitest";
import { z } from "zod";
import { catalog } from "../../../src/metrics/catalog.ts";
import { chooseFields } from "../../../src/provision/hubspot/choose-fields.ts";
import { portalPackage } from "../../../src/provision/hubspot/portal-package.ts";
import { assertOurNames, targetsFor } from "../../../src/writeback/targets.ts";

const Options = z.object({ options: z.array(z.object({ value: z.string() })) });
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const options = { closedStatuses: [], catalog };
const targets = targetsFor("hubspot", { ...options, unit: "contacts" });
const salesforce = targetsFor("salesforce", options);

function target(object: string) {
  const found = targets.find((each) => each.object === object);
  if (found === undefined) throw new Error(`no target ${object}`);
  return found;
}

describe("what a portal is given", () => {
  it("is named ripeline_..., in lower case, once an object, and never by a formula", () => {
    for (const { object, fields } of targets) {
      const names = fields.map(({ name }) => name);
      expect([object, new Set(names).size]).toEqual([object, names.length]);
      for (const name of names) expect(name).toMatch(/^ripeline_[a-z0-9_]+$/);
      expect(fields.filter(({ type }) => type.kind === "formula" || type.kind === "lookup")).toEqual([]);
    }
  });

  it("takes the same columns as Salesforce's, under the same labels", () => {
    const lead = salesforce.find(({ object }) => object === "Lead");
    for (const field of lead?.fields ?? []) {
      if (field.type.kind === "formula") continue;
      const name = field.name.replace("__c", "").toLowerCase();
      expect(target("contacts").fields.find((each) => each.name === name)).toMatchObject({
        label: field.label,
        source: field.source,
      });
    }
    expect(
      target("contacts")
        .fields.slice(-2)
        .map(({ name, source }) => [name, source]),
    ).toEqual([
      ["ripeline_rot_status", { from: "column", column: "rot_status" }],
      ["ripeline_rotting", { from: "column", column: "rotting" }],
    ]);
  });

  it("says nothing of Salesforce in its words", () => {
    const words = targets.flatMap(({ fields }) => fields.map(({ help }) => help));
    expect(words.filter((help) => /18-character|Salesforce|Indexed/i.test(help))).toEqual([]);
  });

  it("carries the state on the unit: contacts, or leads with the worst of them on the contact", () => {
    const rows = (unit: "leads" | "contacts") =>
      targetsFor("hubspot", { ...options, unit })
        .filter(({ object }) => object === "leads" || object === "contacts")
        .map(({ object, rows: model }) => [object, model]);
    expect(rows("contacts")).toEqual([
      ["leads", "cleared"],
      ["contacts", "lead"],
    ]);
    expect(rows("leads")).toEqual([
      ["leads", "lead"],
      ["contacts", "contact"],
    ]);
  });

  it("is held to its names: no owner, no stage, and of our own objects no owner either", () => {
    const write = (object: string, name: string) => () => assertOurNames(target(object), [name]);
    for (const name of ["hubspot_owner_id", "lifecyclestage", "hs_lead_status", "Ripeline_Rots_At__c"]) {
      expect(write("contacts", name)).toThrow(TypeError);
    }
    expect(write("ripeline_metric", "hubspot_owner_id")).toThrow(TypeError);
    expect(write("contacts", "ripeline_rots_at")).not.toThrow();
  });

  it("is written down as the vendor's documents, yes or no with both options", () => {
    const files = portalPackage([target("contacts")]);
    const rotting = files.find(({ path }) => path === "properties/contacts/ripeline_rotting.json");
    expect(JSON.parse(rotting?.content ?? "{}")).toMatchObject({
      name: "ripeline_rotting",
      type: "bool",
      fieldType: "booleancheckbox",
      groupName: "ripeline",
      options: [{ value: "true" }, { value: "false" }],
    });
    const status = files.find(({ path }) => path === "properties/contacts/ripeline_rot_status.json");
    const { options: states } = Options.parse(JSON.parse(status?.content ?? "{}"));
    expect(states.map(({ value }) => value)).toEqual([
      "waiting",
      "at_risk",
      "rotting",
      "worked",
      "worked_late",
      "gone_cold",
    ]);
    expect(files.filter(({ path }) => path.startsWith("lists/")).map(({ path }) => path)).toEqual([
      "lists/rotting_leads.json",
      "lists/at_risk_today.json",
    ]);
  });
});

describe("what a portal has room for", () => {
  const room = (fieldsLeft: number | null, fields: readonly string[] = []) => [
    {
      object: "contacts",
      isThere: true,
      mayBeMade: false,
      fields: new Set(fields),
      fieldsLeft,
      reason: null,
    },
  ];
  const chosen = (fieldsLeft: number | null, fields: readonly string[] = []) =>
    chooseFields([target("contacts")], room(fieldsLeft, fields)).targets[0]?.fields.length ?? 0;

  it("is all where that leaves the portal as much again, the minimal set where it does not, else nothing", () => {
    // 14 properties: 12 stored ones of the lead and the two states.
    expect(target("contacts").fields).toHaveLength(14);
    expect(chosen(28)).toBe(14);
    expect(chosen(27)).toBe(4);
    expect(chosen(4)).toBe(4);
    expect(chosen(3)).toBe(0);
    expect(chosen(null)).toBe(14);
  });

  it("counts what is there already as taken", () => {
    const all = target("contacts").fields.map(({ name }) => name);
    expect(chosen(0, all)).toBe(14);
    // One is missing and nothing is left: the others stay.
    expect(chosen(0, all.slice(1))).toBe(13);
  });

  it("names what is left out and what stands in for it", () => {
    const absent = { isThere: false, mayBeMade: false, fields: new Set<string>(), fieldsLeft: null };
    const { leftOut } = chooseFields(
      [target("ripeline_metric")],
      [{ object: "ripeline_metric", ...absent, reason: "It needs ENTERPRISE." }],
    );
    expect(leftOut).toEqual([
      {
        component: "ripeline_metric",
        reason: matching(/^It needs ENTERPRISE; instead, report rows stay in the console/),
      },
    ]);
  });
});
