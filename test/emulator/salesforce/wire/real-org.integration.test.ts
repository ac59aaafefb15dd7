import { strToU8, zipSync } from "fflate";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createOrg, type EngineOrg } from "../../../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock, type EmulatorClock } from "../../../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../../../src/emulator/server/start-emulator.ts";
import { type Reply, replyOf, valueAt } from "./wire-client.ts";

const BASE = "/services/data/v67.0";

let emulator: Emulator;
let org: EngineOrg;
let clock: EmulatorClock;
const open: Emulator[] = [];

beforeEach(async () => {
  clock = createEmulatorClock(new Date("2026-06-01T08:00:00Z"), { stopped: true });
  org = createOrg({ clock });
  org.markStart();
  emulator = await startEmulator({ port: 0, org, clock });
  open.push(emulator);
});
afterAll(() => Promise.all(open.map((one) => one.close())));

type Caller = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Reply>;

const caller =
  (token: "accessToken" | "adminAccessToken"): Caller =>
  async (method, path, body, headers = {}) => {
    const { instanceUrl, [token]: bearer } = emulator.ready.salesforce;
    const isForm = body instanceof FormData;
    return replyOf(
      await fetch(instanceUrl + BASE + path, {
        method,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(isForm || body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      }),
    );
  };
const user: Caller = (...call) => caller("accessToken")(...call);
const admin: Caller = (...call) => caller("adminAccessToken")(...call);
const soql = (text: string) => `/query?q=${encodeURIComponent(text)}`;
const control = async (path: string, body: unknown) =>
  replyOf(await fetch(`${emulator.ready.control}/${path}`, { method: "POST", body: JSON.stringify(body) }));

const lead = (LastName: string) => ({ attributes: { type: "Lead" }, LastName, Company: "Acme" });

const makeLeads = async (count: number): Promise<readonly string[]> => {
  const reply = await admin(
    "POST",
    "/composite/sobjects",
    { records: Array.from({ length: count }, (_, index) => lead(`L${index}`)) },
    { "Sforce-Auto-Assign": "FALSE" },
  );
  return Array.from({ length: count }, (_, index) => String(reply.at(`${index}.id`)));
};

const ownerOf = async (id: string) =>
  (await user("GET", `/sobjects/Lead/${id}?fields=OwnerId`)).at("OwnerId");

async function deployed(files: Readonly<Record<string, string>>): Promise<unknown> {
  const form = new FormData();
  const zip = zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])));
  form.set("file", new Blob([new Uint8Array(zip)]), "package.xml");
  form.set(
    "entity_content",
    JSON.stringify({ deployOptions: { rollbackOnError: true, singlePackage: true } }),
  );
  const made = await user("POST", "/metadata/deployRequest", form);
  const look = async (): Promise<unknown> => {
    const reply = await user("GET", `/metadata/deployRequest/${String(made.at("id"))}?includeDetails=true`);
    return reply.at("deployResult.done") === true ? reply.at("deployResult") : look();
  };
  return look();
}

describe("the wire over the record engine", () => {
  it("moves a lead's owner on a harmless update unless Sforce-Auto-Assign says FALSE", async () => {
    const targets = Array.from({ length: 2 }, (_, index) => ({
      LastName: `Rep ${index}`,
      Username: `rep${index}@ripeline.example`,
      IsActive: true,
    }));
    org.load("User", targets);
    const reps = [...org.dump("User")].filter((one) => String(one["LastName"]).startsWith("Rep "));
    await control("faults", {
      salesforce: { org: { leadAssignmentRule: { isActive: true, targets: reps.map((one) => one["Id"]) } } },
    });
    const [id = ""] = await makeLeads(1);
    const before = await ownerOf(id);
    const patch = (headers: Record<string, string>) =>
      admin(
        "PATCH",
        "/composite/sobjects",
        { records: [{ attributes: { type: "Lead" }, id, Title: "T" }] },
        headers,
      );
    await patch({ "Sforce-Auto-Assign": "FALSE" });
    expect(await ownerOf(id)).toBe(before);
    await patch({});
    expect(await ownerOf(id)).not.toBe(before);
  });

  it("fails one locked row of 200 and writes the other 199", async () => {
    const ids = await makeLeads(200);
    await control("faults", { salesforce: { org: { lockedIds: [ids[57]] } } });
    const reply = await admin("PATCH", "/composite/sobjects", {
      records: ids.map((id) => ({ attributes: { type: "Lead" }, id, Title: "T" })),
    });
    expect(reply.at("57.errors.0.statusCode")).toBe("UNABLE_TO_LOCK_ROW");
    expect(reply.at("57.id")).toBeUndefined();
    const written = await user("GET", soql("SELECT COUNT() FROM Lead WHERE Title = 'T'"));
    expect(written.at("totalSize")).toBe(199);
  });

  it("writes 1,000 rows with one metered request, and undoes them all when one fails under allOrNone", async () => {
    const part = (index: number, records: readonly object[]) => ({
      method: "POST",
      url: `${BASE}/composite/sobjects`,
      referenceId: `c${index}`,
      body: { records },
      httpHeaders: { "Sforce-Auto-Assign": "FALSE" },
    });
    const five = Array.from({ length: 5 }, (_, index) =>
      part(
        index,
        Array.from({ length: 200 }, (__, row) => lead(`P${index} ${row}`)),
      ),
    );
    const good = await admin("POST", "/composite", { allOrNone: false, compositeRequest: five });
    expect(good.headers.get("sforce-limit-info")).toBe("api-usage=1/150000");
    const count = async () => (await user("GET", soql("SELECT COUNT() FROM Lead"))).at("totalSize");
    expect(await count()).toBe(1_000);
    const bad = [...five.slice(0, 4), part(4, [{ attributes: { type: "Lead" }, Company: "no name" }])];
    await admin("POST", "/composite", { allOrNone: true, compositeRequest: bad });
    expect(await count()).toBe(1_000);
    const log = await replyOf(await fetch(`${emulator.ready.control}/requests`));
    expect(log.at("writes")).toHaveLength(1_000);
  });

  it("undoes rows of another object when a collection of two types fails under allOrNone", async () => {
    const reply = await admin("POST", "/composite/sobjects", {
      allOrNone: true,
      records: [lead("A"), { attributes: { type: "Campaign" } }],
    });
    expect([reply.at("0.success"), reply.at("1.success")]).toEqual([false, false]);
    expect((await user("GET", soql("SELECT COUNT() FROM Lead"))).at("totalSize")).toBe(0);
  });

  it("lets the integration user read leads, not write them, until a permission set says so", async () => {
    const [id = ""] = await makeLeads(1);
    expect((await user("GET", `/sobjects/Lead/${id}?fields=Company`)).at("Company")).toBe("Acme");
    const refusals = [
      await user("POST", "/sobjects/Lead", { LastName: "New", Company: "Acme" }),
      await user("PATCH", `/sobjects/Lead/${id}`, { Title: "T" }),
      await user("DELETE", `/sobjects/Lead/${id}`),
    ];
    expect(refusals.map((reply) => [reply.status, reply.at("0.errorCode")])).toEqual(
      Array.from({ length: 3 }, () => [403, "INSUFFICIENT_ACCESS_OR_READONLY"]),
    );
    expect((await user("GET", "/sobjects/Lead/describe")).json).toMatchObject({
      createable: false,
      updateable: false,
      deletable: false,
    });
  });

  it("shows a deployed NOW() flag live once it is granted: the clock alone turns it, no write does", async () => {
    const ns = 'xmlns="http://soap.sforce.com/2006/04/metadata"';
    const result = await deployed({
      "package.xml": `<Package ${ns}><types><members>Lead.Ripeline_Rots_At__c</members><members>Lead.Ripeline_Rotting__c</members><name>CustomField</name></types><types><members>Ripeline</members><name>PermissionSet</name></types><version>67.0</version></Package>`,
      "objects/Lead.object": `<CustomObject ${ns}><fields><fullName>Ripeline_Rots_At__c</fullName><label>Rots at</label><type>DateTime</type></fields><fields><fullName>Ripeline_Rotting__c</fullName><label>Rotting</label><type>Checkbox</type><formula>AND(NOT(IsConverted), NOT(ISBLANK(Ripeline_Rots_At__c)), NOW() &gt;= Ripeline_Rots_At__c)</formula></fields></CustomObject>`,
      "permissionsets/Ripeline.permissionset": `<PermissionSet ${ns}><label>Ripeline</label><fieldPermissions><field>Lead.Ripeline_Rots_At__c</field><readable>true</readable><editable>true</editable></fieldPermissions><fieldPermissions><field>Lead.Ripeline_Rotting__c</field><readable>true</readable><editable>false</editable></fieldPermissions><objectPermissions><allowEdit>true</allowEdit><allowRead>true</allowRead><object>Lead</object></objectPermissions></PermissionSet>`,
    });
    expect([valueAt(result, "status"), valueAt(result, "details.componentFailures")]).toEqual([
      "Succeeded",
      [],
    ]);
    const set = await admin("GET", soql("SELECT Id FROM PermissionSet WHERE Name = 'Ripeline'"));
    const assigned = await admin("POST", "/sobjects/PermissionSetAssignment", {
      PermissionSetId: set.at("records.0.Id"),
      AssigneeId: org.integrationUser.id,
    });
    expect(assigned.status).toBe(201);
    const [id = ""] = await makeLeads(1);
    const wrote = await user("PATCH", `/sobjects/Lead/${id}`, {
      Ripeline_Rots_At__c: "2026-06-01T09:00:00Z",
    });
    expect(wrote.status).toBe(204);
    const rotting = async () =>
      (await user("GET", soql("SELECT Id FROM Lead WHERE Ripeline_Rotting__c = true"))).at("totalSize");
    expect(await rotting()).toBe(0);
    await control("clock", { now: "2026-06-01T09:00:00Z" });
    expect(await rotting()).toBe(1);
    await control("reset", {});
    expect((await admin("GET", soql("SELECT Ripeline_Rotting__c FROM Lead"))).at("0.errorCode")).toBe(
      "INVALID_FIELD",
    );
  });

  it("prints doubles, currency and percent with a decimal and whole numbers without, wherever JSON shows them", async () => {
    await control("load/salesforce/Opportunity", {
      Name: "Deal",
      StageName: "Prospecting",
      CloseDate: "2026-07-01",
      Amount: 27_350,
      Probability: 0,
      FiscalYear: 2026,
    });
    const list = await user("GET", soql("SELECT Id, Amount, Probability, FiscalYear FROM Opportunity"));
    expect(list.text).toContain('"Amount":27350.0,"Probability":0.0,"FiscalYear":2026}');
    const one = await user("GET", `/sobjects/Opportunity/${String(list.at("records.0.Id"))}?fields=Amount`);
    expect(one.text).toContain('"Amount":27350.0');
    const sums = await user("GET", soql("SELECT COUNT(Id), SUM(Amount), AVG(Amount) FROM Opportunity"));
    expect(sums.text).toContain('"expr0":1,"expr1":27350.0,"expr2":27350.0');
    const inside = await user("POST", "/composite", {
      compositeRequest: [
        { method: "GET", referenceId: "a", url: `${BASE}${soql("SELECT Amount FROM Opportunity")}` },
        {
          method: "GET",
          referenceId: "b",
          url: `${BASE}/query?q=SELECT+Amount+FROM+Opportunity+WHERE+Amount=@{a.records[0].Amount}`,
        },
      ],
    });
    expect(inside.text.match(/"Amount":27350\.0/g)).toHaveLength(2);
    const job = await user("POST", "/jobs/query", { operation: "query", query: "SELECT Id FROM Lead" });
    expect(job.text).toContain('"apiVersion":67.0,');
  });

  it("names the line of a load that cannot be, blank lines counted", async () => {
    const row = (Id: string) => JSON.stringify({ Id, LastName: "A", Company: "Acme" });
    const url = `${emulator.ready.control}/load/salesforce/Lead`;
    const body = `${row("00Q000000000abc")}\n\n${row("001000000000abc")}\n`;
    const reply = await replyOf(await fetch(url, { method: "POST", body }));
    expect([reply.status, reply.at("errorCode")]).toEqual([400, "MALFORMED_ID"]);
    expect(reply.at("error")).toMatch(/^line 3: .*begin with 00Q$/);
  });

  it("lists only resources that answer, and has no layouts", async () => {
    const root = await user("GET", "/");
    const { json } = root;
    const addresses = typeof json === "object" && json !== null ? Object.values(json).map(String) : [];
    const statuses = addresses.map(async (address) => {
      const url = address.startsWith("http") ? address : emulator.ready.salesforce.instanceUrl + address;
      const headers = { authorization: `Bearer ${emulator.ready.salesforce.accessToken}` };
      return (await fetch(url, { headers })).status;
    });
    expect(addresses.length).toBeGreaterThan(4);
    expect(await Promise.all(statuses)).not.toContain(404);
    const layouts = await user("GET", "/sobjects/Lead/describe/layouts");
    expect([layouts.status, layouts.json]).toEqual([
      404,
      [{ errorCode: "NOT_FOUND", message: "The requested resource does not exist" }],
    ]);
    const log = await replyOf(await fetch(`${emulator.ready.control}/requests`));
    expect(log.at("salesforce.operations")).not.toHaveProperty("sobjects/external-id GET");
  });

  it("refuses to list the records of an object the org does not have", async () => {
    const reply = await replyOf(await fetch(`${emulator.ready.control}/records/salesforce/Nothing__c`));
    expect([reply.status, reply.at("errorCode")]).toEqual([400, "INVALID_TYPE"]);
  });

  it("moves the metadata stamp with a deploy, so that a conditional describe sees it", async () => {
    const first = await user("GET", "/sobjects");
    const etag = first.headers.get("etag") ?? "";
    const ask = () => user("GET", "/sobjects", undefined, { "If-None-Match": etag });
    expect((await ask()).status).toBe(304);
    clock.advance(5_000);
    await deployed({
      "package.xml":
        "<Package><types><members>Lead.X__c</members><name>CustomField</name></types><version>67.0</version></Package>",
      "objects/Lead.object":
        "<CustomObject><fields><fullName>X__c</fullName><label>X</label><type>Checkbox</type><defaultValue>false</defaultValue></fields></CustomObject>",
    });
    expect((await ask()).status).toBe(200);
  });
});
