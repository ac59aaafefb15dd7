import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grantedScopes, missingScopes } from "../../../connectors/hubspot/scopes.ts";
import { createHttp } from "../../../connectors/shared/http.ts";
import { AuthError } from "../../../src/core/errors.ts";
import { type HubSpotClient, startHubSpot } from "../../emulator/hubspot/hubspot-client.ts";

let hub: HubSpotClient;
let clientId = "";
beforeAll(async () => {
  hub = await startHubSpot();
  const folder = await mkdtemp(join(tmpdir(), "ripeline-scopes-"));
  await hub.emulator.writeEnvFile(join(folder, "env"));
  clientId = /^HUBSPOT_CLIENT_ID=(.*)$/m.exec(await readFile(join(folder, "env"), "utf8"))?.[1] ?? "";
  await rm(folder, { recursive: true });
});
afterAll(() => hub.emulator.close());

const question = (accessToken: string) => ({
  http: createHttp("hubspot"),
  baseUrl: hub.emulator.ready.hubspot.baseUrl,
  version: "2026-09",
  accessToken,
});

test("a key's scopes come from the address for keys", async () => {
  await hub.set({ scopes: ["crm.objects.contacts.read", "sales-email-read"] });
  const granted = await grantedScopes(question(hub.emulator.ready.hubspot.accessToken));
  expect(granted).toEqual(["crm.objects.contacts.read", "sales-email-read"]);
  expect(missingScopes(granted).read.map(({ name }) => name)).toContain("crm.objects.deals.read");
  await hub.set({ scopes: null });
});

test("an app's scopes come from introspection, and a token that ended is a typed error", async () => {
  const { clientSecret } = hub.emulator.ready.hubspot;
  const authorize = await hub.call(
    "GET",
    `/oauth/authorize?client_id=${clientId}&redirect_uri=${encodeURIComponent("http://localhost:1717/callback")}&scope=oauth%20crm.objects.contacts.read`,
  );
  const code = new URL(authorize.headers.get("location") ?? "").searchParams.get("code") ?? "";
  const grant = await hub.form("/oauth/2026-09/token", {
    grant_type: "authorization_code",
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: "http://localhost:1717/callback",
    code,
  });
  const app = { clientId, clientSecret };
  const token = String(grant.at("access_token"));
  expect(await grantedScopes({ ...question(token), app })).toEqual(["oauth", "crm.objects.contacts.read"]);
  await expect(grantedScopes({ ...question("nobody"), app })).rejects.toBeInstanceOf(AuthError);
  await expect(grantedScopes(question("nobody"))).rejects.toBeInstanceOf(AuthError);
});
