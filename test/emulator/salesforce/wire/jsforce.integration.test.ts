import { strToU8, zipSync } from "fflate";
import { importPKCS8, SignJWT } from "jose";
import { Connection, OAuth2 } from "jsforce";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createOrg } from "../../../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock } from "../../../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../../../src/emulator/server/start-emulator.ts";

/** An outside client, the vendor community's own, against the emulator over the real record engine. */
describe("jsforce", () => {
  const clock = createEmulatorClock(new Date("2026-06-01T08:00:00Z"));
  let emulator: Emulator;
  let connection: Connection;

  beforeAll(async () => {
    const org = createOrg({ clock });
    org.markStart();
    emulator = await startEmulator({ port: 0, org, clock });
    connection = as("admin");
  });
  afterAll(() => emulator.close());

  function as(who: "admin" | "integration"): Connection {
    const { instanceUrl, accessToken, adminAccessToken } = emulator.ready.salesforce;
    return new Connection({
      instanceUrl,
      accessToken: who === "admin" ? adminAccessToken : accessToken,
      version: "67.0",
    });
  }

  const leads = (count: number, company: string) =>
    Array.from({ length: count }, (_, index) => ({
      LastName: `Person ${index}`,
      Company: company,
      Status: "Open - Not Contacted",
    }));

  it("authorizes with a signed JWT and knows user and org from the answer", async () => {
    const { loginUrl, clientId, username } = emulator.ready.salesforce;
    const assertion = await new SignJWT({ iss: clientId, sub: username, aud: loginUrl })
      .setProtectedHeader({ alg: "RS256" })
      .setExpirationTime(new Date(clock.now().getTime() + 180_000))
      .sign(await importPKCS8(emulator.privateKeyPem, "RS256"));
    const fresh = new Connection({ version: "67.0", oauth2: new OAuth2({ loginUrl, clientId }) });
    const user = await fresh.authorize({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion,
    });
    expect(user.organizationId).toMatch(/^00D/);
    expect(fresh.instanceUrl).toBe(loginUrl);
    const identity = await fresh.identity();
    expect(identity.username).toBe(username);
    expect(fresh.limitInfo.apiUsage).toBeUndefined();
  });

  it("authorizes with client credentials, and reads a refusal as a typed error", async () => {
    const { loginUrl, clientId, clientSecret } = emulator.ready.salesforce;
    const fresh = new Connection({
      version: "67.0",
      oauth2: new OAuth2({ loginUrl, clientId, clientSecret }),
    });
    await fresh.authorize({ grant_type: "client_credentials" });
    expect(fresh.accessToken).toMatch(/^00D\w{12,15}![.\w]+$/);
    const wrong = new Connection({ oauth2: new OAuth2({ loginUrl, clientId: "nobody", clientSecret }) });
    await expect(wrong.authorize({ grant_type: "client_credentials" })).rejects.toMatchObject({
      name: "invalid_client_id",
    });
  });

  it("creates, queries page by page, updates and deletes records of a collection", async () => {
    const made = await connection.sobject("Lead").create(leads(450, "Paged"), { allowRecursive: true });
    expect(made.filter((row) => row.success)).toHaveLength(450);
    const page = await connection.query<{ Id: string }>(
      "SELECT Id, LastName FROM Lead WHERE Company = 'Paged'",
      {
        autoFetch: false,
        headers: { "Sforce-Query-Options": "batchSize=200" },
      },
    );
    expect([page.totalSize, page.done, page.records.length]).toEqual([450, false, 200]);
    const next = await connection.queryMore<{ Id: string }>(page.nextRecordsUrl ?? "");
    expect([next.totalSize, next.done, next.records.length]).toEqual([450, false, 200]);
    const last = await connection.queryMore(next.nextRecordsUrl ?? "");
    expect([last.done, last.records.length]).toEqual([true, 50]);
    const ids = page.records.slice(0, 3).map((record) => record.Id);
    const changed = await connection
      .sobject("Lead")
      .update([
        ...ids.map((Id) => ({ Id, Company: "Changed" })),
        { Id: "00QRL000000zzzzAAA", Company: "None" },
      ]);
    expect(changed.map((row) => row.success)).toEqual([true, true, true, false]);
    expect(changed[3]).not.toHaveProperty("id");
    await connection.sobject("Lead").destroy(ids);
    const { totalSize } = await connection.query("SELECT COUNT() FROM Lead WHERE Company = 'Changed'");
    expect(totalSize).toBe(0);
    const all = await connection.query("SELECT COUNT() FROM Lead WHERE Company = 'Changed'", {
      scanAll: true,
    });
    expect(all.totalSize).toBe(3);
  });

  it("is refused a list longer than 200 in the vendor's words", async () => {
    await expect(connection.sobject("Lead").create(leads(201, "Many"))).rejects.toMatchObject({
      errorCode: "EXCEEDED_ID_LIMIT",
    });
  });

  it("sees an unknown field as INVALID_FIELD", async () => {
    await expect(connection.query("SELECT Nonsense FROM Lead")).rejects.toMatchObject({
      errorCode: "INVALID_FIELD",
    });
  });

  it("describes an object and reads its limits", async () => {
    const lead = await connection.sobject("Lead").describe();
    expect(lead.fields.map((field) => field.name)).toContain("LeadSource");
    const all = await connection.describeGlobal();
    expect(all.sobjects.map((one) => one.name)).toContain("Opportunity");
    const limits = await connection.limits();
    expect(limits["DailyApiRequests"]).toMatchObject({ Max: 150_000 });
    expect(connection.limitInfo.apiUsage?.limit).toBe(150_000);
  });

  it("loads by Bulk ingest and gets every row's outcome", async () => {
    const input = [...leads(250, "Bulk"), { Company: "Bulk", LastName: "", Status: "" }];
    const results = await connection.bulk2.loadAndWaitForResults({
      object: "Lead",
      operation: "insert",
      input,
      pollInterval: 5,
      pollTimeout: 20_000,
    });
    expect([results.successfulResults.length, results.failedResults.length]).toEqual([250, 1]);
    expect(results.failedResults[0]?.sf__Error).toMatch(/^REQUIRED_FIELD_MISSING:/);
    expect(results.successfulResults[0]?.sf__Id).toMatch(/^00Q/);
  });

  it("runs a Bulk query that fits one page", async () => {
    await connection.sobject("Lead").create(leads(150, "One page"));
    const stream = await connection.bulk2.query("SELECT Id, LastName FROM Lead WHERE Company = 'One page'", {
      pollInterval: 5,
      pollTimeout: 20_000,
    });
    const records = await stream.toArray();
    expect(records).toHaveLength(150);
  });

  it("deploys a field by REST; it stays hidden from the integration user until granted", async () => {
    const xml = (text: string) => strToU8(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
    const ns = 'xmlns="http://soap.sforce.com/2006/04/metadata"';
    const zip = zipSync({
      "package.xml": xml(
        `<Package ${ns}><types><members>Lead.Ripeline_Clock__c</members><name>CustomField</name></types><version>67.0</version></Package>`,
      ),
      "objects/Lead.object": xml(
        `<CustomObject ${ns}><fields><fullName>Ripeline_Clock__c</fullName><label>Clock</label><type>Text</type><length>20</length><externalId>true</externalId></fields></CustomObject>`,
      ),
    });
    const { id } = await connection.metadata.deployRest(Buffer.from(zip), {
      rollbackOnError: true,
      singlePackage: true,
    });
    const status = async (): Promise<{ readonly status: string; readonly success: boolean }> => {
      const result = await connection.metadata.checkDeployStatus(id ?? "", true, true);
      return result.done ? result : status();
    };
    expect(await status()).toMatchObject({ status: "Succeeded", success: true });
    const soql = "SELECT Id, Ripeline_Clock__c FROM Lead LIMIT 1";
    await expect(connection.query(soql)).resolves.toMatchObject({ done: true });
    await expect(as("integration").query(soql)).rejects.toMatchObject({ errorCode: "INVALID_FIELD" });
  });

  it("logs in and deploys over SOAP, and reads the components' outcomes", async () => {
    const { loginUrl, clientSecret } = emulator.ready.salesforce;
    const fresh = new Connection({ loginUrl, version: "67.0" });
    const user = await fresh.login("admin@ripeline-demo.example", clientSecret);
    expect(user.organizationId).toMatch(/^00D/);
    expect(fresh.instanceUrl).toBe(loginUrl);
    await expect(fresh.login("admin@ripeline-demo.example", "wrong")).rejects.toThrow(
      "INVALID_LOGIN: Invalid username, password, security token; or user locked out.",
    );
    const field = (name: string, type: string) =>
      `<fields><fullName>${name}</fullName><label>A &amp; B</label><type>${type}</type><length>20</length></fields>`;
    const zip = (fields: string, members: readonly string[]) =>
      Buffer.from(
        zipSync({
          "package.xml": strToU8(
            `<Package><types>${members.map((one) => `<members>Lead.${one}</members>`).join("")}<name>CustomField</name></types><version>67.0</version></Package>`,
          ),
          "objects/Lead.object": strToU8(`<CustomObject>${fields}</CustomObject>`),
        }),
      );
    const good = await fresh.metadata
      .deploy(zip(field("Soap__c", "Text"), ["Soap__c"]), { rollbackOnError: true, singlePackage: true })
      .complete(true);
    expect(good).toMatchObject({ success: true, done: true, status: "Succeeded", numberComponentErrors: 0 });
    const made = good.details?.componentSuccesses.find((one) => one.fullName === "Lead.Soap__c");
    expect(made).toMatchObject({ success: true, created: true, componentType: "CustomField" });
    const bad = await fresh.metadata
      .deploy(zip(field("Bad__c", "Nonsense"), ["Bad__c"]), { rollbackOnError: true, singlePackage: true })
      .complete(true);
    expect(bad).toMatchObject({ success: false, status: "Failed", numberComponentErrors: 1 });
    expect((await fresh.sobject("Lead").describe()).fields.map((one) => one.name)).toContain("Soap__c");
  });

  it("gets a Fault over SOAP for a dead session, an unknown call and a limit", async () => {
    const { instanceUrl, adminAccessToken } = emulator.ready.salesforce;
    const dead = new Connection({ instanceUrl, accessToken: "00D!dead", version: "67.0" });
    await expect(dead.metadata.checkDeployStatus("0Af000000000001AAA")).rejects.toThrow(
      "INVALID_SESSION_ID: Invalid Session ID found in SessionHeader",
    );
    const alive = new Connection({ instanceUrl, accessToken: adminAccessToken, version: "67.0" });
    await expect(alive.metadata.describe()).rejects.toThrow("No operation available for request");
    await expect(alive.metadata.checkDeployStatus("0Af000000000001AAA")).rejects.toMatchObject({
      errorCode: "sf:NOT_FOUND",
    });
    const limit = async (dailyApiRequests: number) => {
      const body = JSON.stringify({ salesforce: { dailyApiRequests } });
      await fetch(`${emulator.ready.control}/faults`, { method: "POST", body });
    };
    await limit(0);
    await expect(alive.metadata.checkDeployStatus("0Af000000000001AAA")).rejects.toMatchObject({
      errorCode: "sf:REQUEST_LIMIT_EXCEEDED",
    });
    await limit(150_000);
    const old = new Connection({ instanceUrl, accessToken: adminAccessToken, version: "12.0" });
    await expect(old.metadata.checkDeployStatus("x")).rejects.toMatchObject({
      errorCode: "sf:UNSUPPORTED_API_VERSION",
    });
  });
});
