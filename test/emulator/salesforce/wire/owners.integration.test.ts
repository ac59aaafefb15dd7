import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { allowing, customObject, manifest, type RealWire, startRealWire } from "./real-wire.ts";

let wire: RealWire;
let reps: readonly string[];
const open: RealWire[] = [];
beforeEach(async () => {
  wire = await startRealWire();
  open.push(wire);
  const [profile] = await wire.rows("SELECT Id FROM Profile WHERE Name = 'Standard User'");
  reps = await wire.load("User", [
    { LastName: "Active", Username: "active@x.example", ProfileId: profile?.["Id"] },
    { LastName: "Gone", Username: "gone@x.example", ProfileId: profile?.["Id"], IsActive: false },
  ]);
  const problems = await wire.deploy({
    "package.xml": manifest({
      CustomObject: ["Row__c"],
      PermissionSet: ["Writer", "Reader"],
    }),
    "objects/Row__c.object": customObject("Row"),
    "permissionsets/Writer.permissionset": `<PermissionSet><label>Writer</label>${allowing("Row__c", "all")}${allowing("Lead", "all")}</PermissionSet>`,
    "permissionsets/Reader.permissionset": `<PermissionSet><label>Reader</label>${allowing("Row__c", "read")}</PermissionSet>`,
  });
  expect(problems).toEqual([]);
  await wire.assign("Writer", wire.org.integrationUser.id);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const QUIET = { "Sforce-Auto-Assign": "FALSE" };
const own = (OwnerId: string | undefined) => ({
  records: [{ attributes: { type: "Row__c" }, OwnerId }],
});
const create = (OwnerId: string | undefined) => wire.user("POST", "/composite/sobjects", own(OwnerId));
const requiresRead = {
  statusCode: "TRANSFER_REQUIRES_READ",
  message: "The new owner must have read permission",
  fields: [],
};

describe("the owner of a row", () => {
  it("must read its object: by a permission set, by a profile, never by being a standard user", async () => {
    const [rep] = reps;
    expect((await create(rep)).json).toEqual([{ success: false, errors: [requiresRead] }]);
    await wire.assign("Reader", rep ?? "");
    expect((await create(rep)).at("0.success")).toBe(true);
  });

  it("may be anybody whose profile reads the object, once the profile says so", async () => {
    const [rep] = reps;
    const problems = await wire.deploy({
      "package.xml": manifest({ Profile: ["Standard User"] }),
      "profiles/Standard User.profile": `<Profile>${allowing("Row__c", "read")}</Profile>`,
    });
    expect(problems).toEqual([]);
    expect((await create(rep)).at("0.success")).toBe(true);
    const [set] = await wire.rows("SELECT ProfileId FROM PermissionSet WHERE IsOwnedByProfile = true");
    const [profile] = await wire.rows("SELECT Id FROM Profile WHERE Name = 'Standard User'");
    expect(set?.["ProfileId"]).toBe(profile?.["Id"]);
  });

  it("is refused on update too, and the present owner named again moves nothing", async () => {
    const [rep = ""] = reps;
    const id = String((await create(wire.org.integrationUser.id)).at("0.id"));
    const patch = (OwnerId: string) => wire.user("PATCH", `/sobjects/Row__c/${id}`, { OwnerId });
    const refused = await patch(rep);
    expect([refused.status, refused.json]).toEqual([
      400,
      [{ message: requiresRead.message, errorCode: requiresRead.statusCode, fields: [] }],
    ]);
    const assignment = await wire.assign("Reader", rep);
    expect((await patch(rep)).status).toBe(204);
    await wire.admin("DELETE", `/sobjects/PermissionSetAssignment/${assignment}`);
    expect((await patch(rep)).status).toBe(204);
  });

  it("must be active, on a lead as on a custom row, for the admin too; other fields of theirs may change", async () => {
    const [, gone = ""] = reps;
    await wire.assign("Reader", gone);
    expect((await create(gone)).at("0.errors.0")).toEqual({
      statusCode: "INACTIVE_OWNER_OR_USER",
      message: `operation performed with inactive user [${gone.slice(0, 15)}] as owner of Row__c`,
      fields: [],
    });
    const lead = await wire.admin(
      "POST",
      "/sobjects/Lead",
      { LastName: "A", Company: "B", OwnerId: gone },
      QUIET,
    );
    expect([lead.status, lead.at("0.errorCode"), lead.at("0.message")]).toEqual([
      400,
      "INACTIVE_OWNER_OR_USER",
      `operation performed with inactive user [${gone.slice(0, 15)}] as owner of lead`,
    ]);
    const [theirs = ""] = await wire.load("Lead", [{ LastName: "A", Company: "B", OwnerId: gone }]);
    const patch = (body: object) => wire.admin("PATCH", `/sobjects/Lead/${theirs}`, body, QUIET);
    expect((await patch({ Title: "CTO" })).status).toBe(204);
    expect((await patch({ OwnerId: gone, Title: "CEO" })).status).toBe(204);
  });

  it("may be inactive for who has the permission for it", async () => {
    const [, gone = ""] = reps;
    await wire.assign("Reader", gone);
    await wire.deploy({
      "package.xml": manifest({ PermissionSet: ["Mover"] }),
      "permissionsets/Mover.permissionset":
        "<PermissionSet><label>Mover</label><userPermissions><enabled>true</enabled><name>UpdateWithInactiveOwner</name></userPermissions></PermissionSet>",
    });
    await wire.assign("Mover", wire.org.integrationUser.id);
    expect((await create(gone)).at("0.success")).toBe(true);
  });

  it("may be a queue only where the queue takes the object", async () => {
    const [queue = "", group = ""] = await wire.load("Group", [
      { Name: "Inbound", Type: "Queue" },
      { Name: "Everybody", Type: "Regular" },
    ]);
    await wire.load("QueueSobject", [{ QueueId: queue, SobjectType: "Lead" }]);
    const problem = {
      statusCode: "INVALID_OPERATION",
      message: "Queue not associated with this SObject type",
    };
    expect((await create(queue)).at("0.errors.0")).toMatchObject(problem);
    const lead = (OwnerId: string) =>
      wire.admin("POST", "/sobjects/Lead", { LastName: "A", Company: "B", OwnerId }, QUIET);
    expect((await lead(queue)).status).toBe(201);
    expect((await lead(group)).at("0.message")).toBe(problem.message);
  });

  it("fails its row of a Bulk job and no other", async () => {
    const [rep] = reps;
    const form = new FormData();
    form.set(
      "job",
      new Blob([JSON.stringify({ object: "Row__c", operation: "insert", lineEnding: "LF" })], {
        type: "application/json",
      }),
    );
    form.set(
      "content",
      new Blob([`OwnerId\n${rep}\n${wire.org.integrationUser.id}\n`], { type: "text/csv" }),
      "content",
    );
    const job = String((await wire.user("POST", "/jobs/ingest", form)).at("id"));
    const done = async (): Promise<unknown> => {
      const reply = await wire.user("GET", `/jobs/ingest/${job}`);
      return reply.at("state") === "JobComplete" ? reply.json : done();
    };
    expect(await done()).toMatchObject({ numberRecordsProcessed: 2, numberRecordsFailed: 1 });
    const failed = await wire.user("GET", `/jobs/ingest/${job}/failedResults`);
    expect(failed.text).toContain("TRANSFER_REQUIRES_READ:The new owner must have read permission:--");
  });
});
