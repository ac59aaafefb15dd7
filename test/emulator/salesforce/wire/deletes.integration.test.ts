import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { allowing, customObject, manifest, type RealWire, startRealWire } from "./real-wire.ts";
import { containing } from "./wire-client.ts";

let wire: RealWire;
const open: RealWire[] = [];

const lookup = (name: string, constraint: string) =>
  `<fields><fullName>${name}__c</fullName><label>${name}</label><type>Lookup</type><referenceTo>Lead</referenceTo><relationshipName>${name}s</relationshipName><deleteConstraint>${constraint}</deleteConstraint></fields>`;
const fields = ["Free", "Held", "Taken"];

beforeEach(async () => {
  wire = await startRealWire();
  open.push(wire);
  const problems = await wire.deploy({
    "package.xml": manifest({ CustomObject: ["Row__c"], PermissionSet: ["Writer"] }),
    "objects/Row__c.object": customObject(
      "Row",
      lookup("Free", "SetNull") + lookup("Held", "Restrict") + lookup("Taken", "Cascade"),
    ),
    "permissionsets/Writer.permissionset": `<PermissionSet><label>Writer</label>${allowing("Row__c", "all")}${allowing("Lead", "all")}${fields
      .map(
        (name) =>
          `<fieldPermissions><field>Row__c.${name}__c</field><editable>true</editable><readable>true</readable></fieldPermissions>`,
      )
      .join("")}</PermissionSet>`,
  });
  expect(problems).toEqual([]);
  await wire.assign("Writer", wire.org.integrationUser.id);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const leads = (count: number) =>
  wire.load(
    "Lead",
    Array.from({ length: count }, (_, index) => ({ LastName: `L${index}`, Company: "Acme" })),
  );
const remove = (ids: readonly string[], allOrNone = false) =>
  wire.user("DELETE", `/composite/sobjects?ids=${ids.join(",")}&allOrNone=${allOrNone}`);
const deleted = (id: string) => ({ id, success: true, errors: [] });
const refused = (statusCode: string, message: string) => ({
  success: false,
  errors: [{ statusCode, message, fields: [] }],
});
const ROLLED_BACK = refused(
  "ALL_OR_NONE_OPERATION_ROLLED_BACK",
  "Record rolled back because not all records were valid and the request was using AllOrNone header",
);

describe("deleting a collection", () => {
  it("answers each id in its order, in the vendor's words", async () => {
    const [a = "", b = ""] = await leads(2);
    expect((await remove([a, "junk", b, a, "00Q000000000001AAA"])).json).toEqual([
      deleted(a),
      refused("MALFORMED_ID", "malformed id junk"),
      deleted(b),
      refused("ENTITY_IS_DELETED", "entity is deleted"),
      refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
    ]);
  });

  it("with allOrNone keeps all where one fails, one named twice among them", async () => {
    const [a = "", b = ""] = await leads(2);
    expect((await remove([a, b, a], true)).json).toEqual([
      ROLLED_BACK,
      ROLLED_BACK,
      refused("ENTITY_IS_DELETED", "entity is deleted"),
    ]);
    expect(await wire.rows("SELECT Id FROM Lead")).toHaveLength(2);
    expect((await remove([a, b], true)).json).toEqual([deleted(a), deleted(b)]);
    expect(await wire.rows("SELECT Id FROM Lead")).toEqual([]);
  });

  it("takes 200 ids of any objects and no more", async () => {
    const ids = await leads(201);
    const reply = await remove(ids);
    expect([reply.status, reply.at("0.errorCode")]).toEqual([400, "EXCEEDED_ID_LIMIT"]);
    expect((await remove(ids.slice(0, 200))).at("199.success")).toBe(true);
  });
});

describe("deleting one record", () => {
  const one = (object: string, id: string) => wire.user("DELETE", `/sobjects/${object}/${id}`);

  it("is 204 once, and 404 in words that tell why", async () => {
    const [id = ""] = await leads(1);
    expect((await one("Contact", id)).status).toBe(404);
    expect((await one("Lead", id)).status).toBe(204);
    const again = await one("Lead", id);
    expect([again.status, again.json]).toEqual([
      404,
      [{ message: "entity is deleted", errorCode: "ENTITY_IS_DELETED", fields: [] }],
    ]);
    const unknown = await one("Lead", "00Q000000000001AAA");
    expect([unknown.status, unknown.at("0.errorCode")]).toEqual([404, "INVALID_CROSS_REFERENCE_KEY"]);
    const malformed = await one("Lead", "junk");
    expect([malformed.status, malformed.at("0.errorCode")]).toEqual([400, "MALFORMED_ID"]);
  });
});

describe("what hangs on a deleted record", () => {
  it("is let go, taken along, or holds it, as its lookup says", async () => {
    const [a = "", b = ""] = await leads(2);
    const [free = "", taken = "", held = ""] = await wire.load("Row__c", [
      { Free__c: a },
      { Taken__c: a },
      { Held__c: b },
    ]);
    expect((await remove([a, b])).json).toEqual([
      deleted(a),
      {
        success: false,
        errors: [{ statusCode: "DELETE_FAILED", message: containing(held.slice(0, 15)), fields: [] }],
      },
    ]);
    expect(await wire.rows("SELECT Id, Free__c, Held__c FROM Row__c ORDER BY Id")).toEqual([
      { Id: free, Free__c: null, Held__c: null },
      { Id: held, Free__c: null, Held__c: b },
    ]);
    expect(await wire.rows(`SELECT IsDeleted FROM Row__c WHERE Id = '${taken}'`, "queryAll")).toEqual([
      { IsDeleted: true },
    ]);
  });

  it("must be cleared by no required lookup: such a deploy is refused", async () => {
    const problems = await wire.deploy({
      "package.xml": manifest({ CustomField: ["Row__c.Must__c"] }),
      "objects/Row__c.object": `<CustomObject>${lookup("Must", "SetNull").replace("<deleteConstraint>", "<required>true</required><deleteConstraint>")}</CustomObject>`,
    });
    expect(problems).toEqual([
      "Must specify either cascade delete or restrict delete for required lookup foreign key",
    ]);
  });
});

describe("the recycle bin", () => {
  const bin = (body: object) => wire.control("POST", "recycle-bin", { salesforce: body });

  it("shows deleted records to queryAll and gives them back with what went with them", async () => {
    const [id = ""] = await leads(1);
    await wire.load("Task", [{ WhoId: id, Subject: "call" }]);
    const [first = "", second = ""] = await wire.load("Row__c", [{ Free__c: id }, { Free__c: id }]);
    const [other = ""] = await leads(1);
    await remove([id]);
    await wire.user("PATCH", `/sobjects/Row__c/${second}`, { Free__c: other });
    expect(await wire.rows(`SELECT Id FROM Lead WHERE Id = '${id}'`)).toEqual([]);
    expect(await wire.rows(`SELECT IsDeleted FROM Lead WHERE Id = '${id}'`, "queryAll")).toEqual([
      { IsDeleted: true },
    ]);
    wire.clock.advance(60_000);
    // The lead and its task come back.
    expect((await bin({ undelete: [id] })).json).toEqual({ salesforce: { restored: 2 } });
    expect(await wire.rows("SELECT Subject, WhoId FROM Task")).toEqual([{ Subject: "call", WhoId: id }]);
    expect(await wire.rows("SELECT Id, Free__c FROM Row__c ORDER BY Id")).toEqual([
      { Id: first, Free__c: id },
      { Id: second, Free__c: other },
    ]);
    expect(await wire.rows(`SELECT SystemModstamp FROM Lead WHERE Id = '${id}'`)).toEqual([
      { SystemModstamp: "2026-06-01T08:01:00.000+0000" },
    ]);
    expect((await remove([id])).at("0.success")).toBe(true);
  });

  it("refuses what is not in it, and empties itself for good", async () => {
    const [a = "", b = "", c = ""] = await leads(3);
    const wrong = await bin({ undelete: [a] });
    expect([wrong.status, wrong.json]).toEqual([
      400,
      { error: `Entity is not in the recycle bin: ${a}`, errorCode: "UNDELETE_FAILED" },
    ]);
    await remove([a, b]);
    expect((await bin({ purge: { ids: [a] } })).json).toEqual({ salesforce: { purged: 1 } });
    expect(await wire.rows("SELECT Id FROM Lead ORDER BY Id", "queryAll")).toEqual([{ Id: b }, { Id: c }]);
    expect((await bin({ undelete: [a] })).status).toBe(400);
    expect((await bin({ purge: { object: "Lead" } })).json).toEqual({ salesforce: { purged: 1 } });
    expect(await wire.rows("SELECT Id FROM Lead", "queryAll")).toEqual([{ Id: c }]);
    const unknown = await bin({ restore: [b] });
    expect([unknown.status, unknown.at("error")]).toEqual([400, containing('"restore"')]);
  });

  it("comes back with a reset", async () => {
    const [id = ""] = await leads(1);
    await remove([id]);
    await bin({ purge: {} });
    await wire.control("POST", "reset");
    expect(await wire.rows("SELECT Id FROM Lead", "queryAll")).toEqual([]);
    expect((await bin({ undelete: [id] })).status).toBe(400);
  });

  it("is passed by Bulk's hardDelete", async () => {
    const [id = ""] = await leads(1);
    const form = new FormData();
    const job = { object: "Lead", operation: "hardDelete", lineEnding: "LF" };
    form.set("job", new Blob([JSON.stringify(job)], { type: "application/json" }));
    form.set("content", new Blob([`Id\n${id}\n`], { type: "text/csv" }), "content");
    const made = String((await wire.user("POST", "/jobs/ingest", form)).at("id"));
    const done = async (): Promise<unknown> => {
      const reply = await wire.user("GET", `/jobs/ingest/${made}`);
      return reply.at("state") === "JobComplete" ? reply.at("numberRecordsFailed") : done();
    };
    expect(await done()).toBe(0);
    expect(await wire.rows("SELECT Id FROM Lead", "queryAll")).toEqual([]);
  });
});
