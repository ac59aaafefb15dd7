import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { containing } from "../salesforce/wire/wire-client.ts";
import { type HubSpotClient, startHubSpot } from "./hubspot-client.ts";

let hub: HubSpotClient;
let client: { readonly client_id: string; readonly client_secret: string };
beforeAll(async () => {
  hub = await startHubSpot();
  const folder = await mkdtemp(join(tmpdir(), "ripeline-hub-"));
  await hub.emulator.writeEnvFile(join(folder, "env"));
  const text = await readFile(join(folder, "env"), "utf8");
  await rm(folder, { recursive: true });
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  client = { client_id: value("HUBSPOT_CLIENT_ID"), client_secret: value("HUBSPOT_CLIENT_SECRET") };
});
beforeEach(async () => {
  await hub.control("POST", "reset");
});
afterAll(() => hub.emulator.close());

const REDIRECT = "http://127.0.0.1:9/back";
const TOKEN = "/oauth/2026-03/token";

async function codeFor(scope: string): Promise<string> {
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    scope,
    state: "s",
  });
  const reply = await hub.call("GET", `/oauth/authorize?${query.toString()}`);
  const back = new URL(reply.headers.get("location") ?? "");
  expect([reply.status, back.searchParams.get("state")]).toEqual([302, "s"]);
  return back.searchParams.get("code") ?? "";
}

const grant = (values: Readonly<Record<string, string>>, path = TOKEN) =>
  hub.form(path, { ...client, ...values });
const byCode = async (path = TOKEN, scope = "crm.objects.contacts.read") =>
  grant({ grant_type: "authorization_code", code: await codeFor(scope), redirect_uri: REDIRECT }, path);
const listWith = (token: unknown) =>
  hub.call("GET", "/crm/v3/objects/contacts", undefined, { authorization: `Bearer ${String(token)}` });

describe("OAuth", () => {
  it("gives tokens for a code, once, with the scopes asked for and 110 calls in ten seconds", async () => {
    const code = await codeFor("crm.objects.contacts.read");
    const values = { grant_type: "authorization_code", code, redirect_uri: REDIRECT };
    const granted = await grant(values);
    expect([granted.status, granted.json]).toEqual([
      200,
      {
        access_token: expect.any(String) as unknown,
        refresh_token: expect.any(String) as unknown,
        expires_in: 1800,
        token_type: "bearer",
        token_use: "access_token",
        hub_id: 24_700_001,
        scopes: ["crm.objects.contacts.read"],
        user_id: 61_000_001,
      },
    ]);
    expect((await grant(values)).at("status")).toBe("BAD_AUTH_CODE");
    const listed = await listWith(granted.at("access_token"));
    expect([
      listed.status,
      listed.headers.get("x-hubspot-ratelimit-max"),
      listed.headers.get("x-hubspot-ratelimit-secondly"),
      listed.headers.get("x-hubspot-ratelimit-daily"),
    ]).toEqual([200, "110", "11", null]);
  });

  it("tokens end after their life, and a refresh gives new ones in the place of the old", async () => {
    const granted = await byCode();
    hub.clock.advance(1_800_000);
    const expired = await listWith(granted.at("access_token"));
    expect([expired.status, expired.at("category")]).toEqual([401, "EXPIRED_AUTHENTICATION"]);
    const refresh_token = String(granted.at("refresh_token"));
    const renewed = await grant({ grant_type: "refresh_token", refresh_token });
    expect((await listWith(renewed.at("access_token"))).status).toBe(200);
    expect(renewed.at("refresh_token")).not.toBe(refresh_token);
    const again = await grant({ grant_type: "refresh_token", refresh_token });
    expect([again.status, again.json]).toMatchObject([
      400,
      {
        error: "invalid_grant",
        error_description: "refresh token is invalid, expired or revoked",
        status: "BAD_REFRESH_TOKEN",
        message: "refresh token is invalid, expired or revoked",
      },
    ]);
  });

  it("v1 keeps the refresh token and has errors of its own form", async () => {
    const granted = await byCode("/oauth/v1/token");
    expect(Object.keys(Object(granted.json)).toSorted()).toEqual([
      "access_token",
      "expires_in",
      "refresh_token",
      "token_type",
    ]);
    const refresh_token = String(granted.at("refresh_token"));
    const renewed = await grant({ grant_type: "refresh_token", refresh_token }, "/oauth/v1/token");
    expect(renewed.at("refresh_token")).toBe(refresh_token);
    const wrong = await grant({ grant_type: "refresh_token", refresh_token: "x" }, "/oauth/v1/token");
    expect([wrong.status, wrong.at("error"), wrong.at("status")]).toEqual([
      400,
      undefined,
      "BAD_REFRESH_TOKEN",
    ]);
  });

  it("refuses a wrong secret and JSON, introspects and revokes", async () => {
    const wrong = await hub.form(TOKEN, { ...client, client_secret: "x", grant_type: "client_credentials" });
    expect([wrong.status, wrong.at("error")]).toEqual([401, "invalid_client"]);
    expect((await hub.call("POST", TOKEN, { grant_type: "refresh_token" })).status).toBe(415);
    const token = String((await byCode()).at("access_token"));
    const look = () => grant({ token }, `${TOKEN}/introspect`);
    expect((await look()).json).toMatchObject({
      active: true,
      hub_id: 24_700_001,
      scopes: ["crm.objects.contacts.read"],
    });
    expect((await grant({ token }, `${TOKEN}/revoke`)).status).toBe(200);
    expect((await look()).json).toEqual({ active: false });
    expect((await listWith(token)).status).toBe(401);
  });

  it("an uninstalled app loses its tokens; the private app keeps its own, and tells its scopes", async () => {
    const granted = await byCode();
    await hub.set({ appRevoked: true });
    expect((await listWith(granted.at("access_token"))).status).toBe(401);
    const refreshed = await grant({
      grant_type: "refresh_token",
      refresh_token: String(granted.at("refresh_token")),
    });
    expect(refreshed.at("status")).toBe("BAD_REFRESH_TOKEN");
    const { accessToken } = hub.emulator.ready.hubspot;
    await hub.set({ scopes: ["oauth"] });
    const info = await hub.call("POST", "/oauth/v2/private-apps/get/access-token-info", {
      tokenKey: accessToken,
    });
    expect(info.json).toMatchObject({ hubId: 24_700_001, scopes: ["oauth"] });
  });

  it("the journal is for client credentials only, and gives what happened", async () => {
    const refused = await hub.call("GET", "/webhooks-journal/journal/2026-03/earliest");
    expect([refused.status, refused.at("message")]).toEqual([403, containing("not available")]);
    const app = await grant({ grant_type: "client_credentials", scope: "developer.webhooks_journal.read" });
    expect(app.at("refresh_token")).toBeUndefined();
    const as = { authorization: `Bearer ${String(app.at("access_token"))}` };
    const read = (path: string) =>
      hub.call("GET", `/webhooks-journal/journal/2026-03/${path}`, undefined, as);
    expect((await read("earliest")).status).toBe(204);
    const subscription = { subscriptionType: "OBJECT", objectTypeId: "0-1", actions: ["CREATE", "UPDATE"] };
    await hub.call("POST", "/webhooks-journal/subscriptions/2026-03", subscription, as);
    const made = await hub.call("POST", "/crm/v3/objects/contacts", { properties: { firstname: "A" } });
    await hub.call("PATCH", `/crm/v3/objects/contacts/${String(made.at("id"))}`, {
      properties: { firstname: "B" },
    });
    expect((await read("earliest")).at("currentOffset")).toBe("1");
    const second = await read("offset/1/next");
    const file = await (await fetch(String(second.at("url")))).text();
    expect(JSON.parse(file)).toMatchObject({
      offset: "2",
      journalEvents: [{ action: "UPDATE", objectTypeId: "0-1", propertyChanges: { firstname: "B" } }],
    });
    expect((await read("offset/2/next")).status).toBe(204);
  });
});
