import { strToU8, zipSync } from "fflate";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { containing, matching, type Reply, startWire, valueAt, type WireClient } from "./wire-client.ts";

let wire: WireClient;
const open: WireClient[] = [];
beforeEach(async () => {
  wire = await startWire();
  open.push(wire);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const manifest = (types: Readonly<Record<string, readonly string[]>>) =>
  `<?xml version="1.0" encoding="UTF-8"?><Package xmlns="http://soap.sforce.com/2006/04/metadata">${Object.entries(
    types,
  )
    .map(
      ([name, members]) =>
        `<types>${members.map((one) => `<members>${one}</members>`).join("")}<name>${name}</name></types>`,
    )
    .join("")}<version>67.0</version></Package>`;

const LEAD = `<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
  <fields><fullName>A__c</fullName><type>Checkbox</type><formula>AND(1 &lt; 2, Company = &quot;x&quot;)</formula></fields>
  <fields><fullName>B__c</fullName><type>Text</type><length>18</length></fields>
</CustomObject>`;

async function deploy(files: Readonly<Record<string, string>>, options: object = {}): Promise<Reply> {
  const zip = zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])));
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(zip)], { type: "application/zip" }), "package.xml");
  form.set(
    "entity_content",
    JSON.stringify({ deployOptions: { rollbackOnError: true, singlePackage: true, ...options } }),
  );
  return wire.call("POST", "data:/metadata/deployRequest", form);
}

async function finished(id: string): Promise<Reply> {
  const reply = await wire.call("GET", `data:/metadata/deployRequest/${id}?includeDetails=true`);
  return reply.at("deployResult.done") === true ? reply : finished(id);
}

const run = async (files: Readonly<Record<string, string>>, options: object = {}) =>
  (await finished(String((await deploy(files, options)).at("id")))).at("deployResult");

describe("a metadata deploy", () => {
  it("is accepted with 201, worked on, and reported with real numbers and booleans", async () => {
    const made = await deploy({
      "package.xml": manifest({ CustomField: ["Lead.A__c", "Lead.B__c"] }),
      "objects/Lead.object": LEAD,
    });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      id: matching(/^0Af\w{15}$/),
      deployOptions: { checkOnly: false, rollbackOnError: true },
      deployResult: { status: "Pending", done: false },
    });
    const status = await finished(String(made.at("id")));
    const deployResult = status.at("deployResult");
    expect(deployResult).toMatchObject({
      status: "Succeeded",
      success: true,
      numberComponentsTotal: 2,
      numberComponentErrors: 0,
    });
    expect(valueAt(deployResult, "details.componentSuccesses")).toHaveLength(3);
    expect(wire.org.deployed).toEqual([
      {
        type: "CustomField",
        fullName: "Lead.A__c",
        fileName: "objects/Lead.object",
        content: { fullName: "A__c", type: "Checkbox", formula: 'AND(1 < 2, Company = "x")' },
      },
      {
        type: "CustomField",
        fullName: "Lead.B__c",
        fileName: "objects/Lead.object",
        content: { fullName: "B__c", type: "Text", length: "18" },
      },
    ]);
    const brief = await wire.call("GET", `data:/metadata/deployRequest/${String(made.at("id"))}`);
    expect(brief.at("deployResult.details")).toBeUndefined();
  });

  it("takes only what package.xml names, objects whole, and keeps other types", async () => {
    await run({
      "pkg/package.xml": manifest({
        CustomObject: ["Thing__c"],
        CustomField: ["Lead.B__c"],
        PermissionSet: ["P"],
        Report: ["Folder", "Folder/One"],
      }),
      "pkg/objects/Lead.object": LEAD,
      "pkg/objects/Thing__c.object":
        "<CustomObject><label>Thing</label><nameField><type>Text</type></nameField><fields><fullName>C__c</fullName></fields></CustomObject>",
      "pkg/permissionsets/P.permissionset":
        "<PermissionSet><label>P</label><fieldPermissions><field>Lead.B__c</field><readable>true</readable></fieldPermissions></PermissionSet>",
      "pkg/reports/Folder-meta.xml": "<ReportFolder><name>Folder</name></ReportFolder>",
      "pkg/reports/Folder/One.report": "<Report><name>One</name></Report>",
    });
    expect(wire.org.deployed.map((one) => `${one.type} ${one.fullName}`)).toEqual([
      "CustomField Lead.B__c",
      "CustomObject Thing__c",
      "CustomField Thing__c.C__c",
      "PermissionSet P",
      "ReportFolder Folder",
      "Report Folder/One",
    ]);
    expect(wire.org.deployed[1]?.content).toEqual({ label: "Thing", nameField: { type: "Text" } });
    expect(wire.org.deployed[3]?.content).toMatchObject({
      fieldPermissions: [{ field: "Lead.B__c", readable: "true" }],
    });
  });

  it("fails, changing nothing, where files and package.xml disagree", async () => {
    const result = await run({
      "package.xml": manifest({ CustomField: ["Lead.A__c", "Lead.Gone__c"] }),
      "objects/Lead.object": LEAD,
      "layouts/Lead-Lead Layout.layout": "<Layout></Layout>",
    });
    expect(result).toMatchObject({ status: "Failed", success: false, numberComponentErrors: 2 });
    expect(valueAt(result, "details.componentFailures")).toMatchObject([
      { fileName: "layouts/Lead-Lead Layout.layout", problem: "Not in package.xml", problemType: "Error" },
      {
        fileName: "package.xml",
        fullName: "Lead.Gone__c",
        problem:
          "An object 'Lead.Gone__c' of type CustomField was named in package.xml, but was not found in zipped directory",
      },
    ]);
    expect(wire.org.deployed).toEqual([]);
  });

  it("reports XML that is not well formed with its line", async () => {
    const result = await run({
      "package.xml": manifest({ CustomObject: ["X__c"] }),
      "objects/X__c.object": "<CustomObject>\n<label>X</lable>\n</CustomObject>",
    });
    expect(valueAt(result, "details.componentFailures.0")).toMatchObject({
      fileName: "objects/X__c.object",
      lineNumber: 2,
    });
  });

  it.each([
    ["a zip without package.xml", { "objects/Lead.object": LEAD }, "No package.xml found"],
    ["a package.xml that is no XML", { "package.xml": "<Package>" }, "Error parsing package.xml"],
  ])("fails for %s", async (_what, files, message) => {
    const result = await run(files);
    expect(result).toMatchObject({ status: "Failed", errorMessage: containing(message) });
  });

  it("only checks where that is asked", async () => {
    const result = await run(
      { "package.xml": manifest({ CustomField: ["Lead.A__c"] }), "objects/Lead.object": LEAD },
      { checkOnly: true },
    );
    expect(result).toMatchObject({ status: "Succeeded", checkOnly: true });
    expect(wire.org.deployed).toEqual([]);
  });

  it("can be seen in progress, and cannot be canceled when it is over", async () => {
    await wire.control("POST", "faults", { salesforce: { deployPolls: 50 } });
    const made = await deploy({ "package.xml": manifest({}) });
    const path = `data:/metadata/deployRequest/${String(made.at("id"))}`;
    const status = async () => String((await wire.call("GET", path)).at("deployResult.status"));
    expect(["Pending", "InProgress"]).toContain(await status());
    expect(await status()).toBe("InProgress");
    const late = await wire.call("PATCH", path, { deployResult: { status: "Canceling" } });
    expect(late.status).toBe(400);
  });

  it("refuses a request without its parts", async () => {
    expect((await wire.call("POST", "data:/metadata/deployRequest", {})).status).toBe(415);
    const form = new FormData();
    form.set("entity_content", '{"deployOptions":{}}');
    expect((await wire.call("POST", "data:/metadata/deployRequest", form)).status).toBe(400);
    expect((await wire.call("GET", "data:/metadata/deployRequest/0Af000000000000AAA")).status).toBe(404);
  });
});
