import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectHubspot } from "../../../connectors/hubspot/connect.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import {
  AuthError,
  ConfigError,
  PermissionError,
  QuotaExhaustedError,
  RateLimitedError,
  RequestRefusedError,
  TransientHttpError,
} from "../../../src/core/errors.ts";
import type { OpenReadingConnection } from "../../../src/core/ports.ts";
import { manualClock } from "../../../src/core/time.ts";
import { type FakePortal, problem, startFakePortal } from "./fake-portal.ts";
import { connectTo, knownProperties, readIds, type Waits } from "./portal-mirror.ts";

const noon = new Date("2026-11-21T12:00:00Z");

let portal: FakePortal;
let connection: OpenReadingConnection;
let waits: Waits;

beforeEach(async () => {
  portal = await startFakePortal(noon);
  portal.properties.set("contacts", knownProperties("contacts"));
  portal.put("contacts", { id: "1" }, { id: "2" });
  waits = { slept: [] };
  connection = await connectTo(portal, waits);
});
afterEach(() => portal.close());

const read = (from: OpenReadingConnection = connection) => readIds(from, "hubspot.contacts", null);

function limited(fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
  return { status: 429, body: { status: "error", message: "You have reached a limit.", ...fields }, headers };
}

describe("a limit of HubSpot's", () => {
  test.each([
    ["ten seconds", limited({ errorType: "RATE_LIMIT", policyName: "TEN_SECONDLY_ROLLING" }), 10_000],
    ["a second", limited({ errorType: "RATE_LIMIT", policyName: "SECONDLY" }), 1_000],
    ["searches, which names neither policy nor time", limited({ category: "RATE_LIMITS" }), 1_000],
    ["Cloudflare's, a line of text", { status: 429, body: "error code: 1015" }, 10_000],
    ["the vendor's own waiting time", limited({ policyName: "SECONDLY" }, { "Retry-After": "7" }), 7_000],
    ["a record that is locked", problem(423, "LOCKED", "locked"), 2_000],
    [
      "a portal that is moved",
      { ...problem(477, "MIGRATION", "moving"), headers: { "Retry-After": "9" } },
      9_000,
    ],
  ])("of %s is waited for, and each record comes once", async (_name, reply, wait) => {
    portal.instead.push({ path: /search$/, reply }, { path: /search$/, reply });
    expect(await read()).toEqual(["1", "2"]);
    // Twice the retry's own wait; what the clock of the test adds to it is the hold on the bucket.
    expect(waits.slept.filter((ms) => ms === wait).length).toBeGreaterThanOrEqual(2);
    expect(portal.requests.filter(({ path }) => path.endsWith("/search"))).toHaveLength(3);
    expect(connection.usage().metered).toBe(portal.requests.length);
  });

  test("of the day ends reading at once, and nothing more is asked of HubSpot", async () => {
    portal.instead.push({
      path: /search$/,
      reply: limited({ policyName: "DAILY", errorType: "RATE_LIMIT" }),
    });
    await expect(read()).rejects.toThrow(QuotaExhaustedError);
    const sent = portal.requests.length;
    await expect(read()).rejects.toThrow(QuotaExhaustedError);
    expect(portal.requests).toHaveLength(sent);
  });

  test("is told by the headers, so that the governor knows the day's calls", async () => {
    await read();
    expect(connection.usage()).toMatchObject({ dailyLimit: 250_000, dailyUsed: 10_000 });
  });

  test("that lasts longer than we wait is passed on with its time", async () => {
    const reply = { ...problem(477, "MIGRATION", "moving"), headers: { "Retry-After": "3600" } };
    portal.instead.push({ path: /search$/, reply });
    const error: unknown = await read().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error).toMatchObject({ retryAfterMs: 3_600_000 });
  });
});

describe("an answer that is none", () => {
  test.each([
    ["502 with a page of HTML", { status: 502, body: "<html>Bad gateway, ada@example.com</html>" }],
    ["a page of HTML under 200", { status: 200, body: "<html>maintenance</html>" }],
    ["a batch that is done in part, where none was sent", { status: 207, body: { results: [], total: 0 } }],
  ])("%s is tried again, and each record comes once", async (_name, reply) => {
    portal.instead.push({ path: /search$/, reply });
    expect(await read()).toEqual(["1", "2"]);
  });

  test("five times in a row is an error with host and status, without the page", async () => {
    for (let time = 0; time < 5; time += 1) {
      portal.instead.push({ path: /search$/, reply: { status: 502, body: "<html>ada@example.com</html>" } });
    }
    const error: unknown = await read().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(String(error)).toMatch(/contacts.*127\.0\.0\.1.*502/);
    expect(String(error)).not.toMatch(/html|ada/);
  });
});

describe("a refusal", () => {
  test("for a missing scope names the scope", async () => {
    portal.missingScopes.set("contacts", "crm.objects.contacts.read");
    const error: unknown = await connection.access(["contacts"]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PermissionError);
    expect(String(error)).toContain("crm.objects.contacts.read");
  });

  test("as plain text is a missing permission too", async () => {
    portal.instead.push({ path: /properties/, reply: { status: 403, body: "forbidden" } });
    await expect(connection.access(["contacts"])).rejects.toThrow(PermissionError);
  });

  test("of an optional type's scope makes it absent, and nothing else", async () => {
    portal.properties.set("leads", knownProperties("leads"));
    portal.missingScopes.set("leads", "crm.objects.leads.read");
    const access = await connection.access(["contacts", "leads"]);
    expect(access.map(({ object, visible }) => [object, visible])).toEqual([
      ["contacts", true],
      ["leads", false],
    ]);
  });

  test("of the request itself carries HubSpot's words, addresses masked", async () => {
    portal.instead.push({
      path: /search$/,
      reply: problem(400, "VALIDATION_ERROR", "bob@example.com is no number"),
    });
    const error: unknown = await read().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RequestRefusedError);
    expect(error).toMatchObject({ vendorCode: "VALIDATION_ERROR", status: 400 });
    expect(String(error)).toContain("(e-mail) is no number");
  });
});

describe("the token", () => {
  test("that was revoked ends it, and says where to put another one, not which it was", async () => {
    portal.token.current = "another-secret";
    const error: unknown = await read().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AuthError);
    expect(String(error)).toContain("HUBSPOT_ACCESS_TOKEN");
    expect(String(error)).not.toMatch(/a-token|another-secret/);
    expect(portal.requests.length).toBeLessThan(4);
  });

  test("of an app is renewed before it ends, and the refresh token that replaced ours is stored first", async () => {
    const clock = manualClock(noon);
    const stored: string[] = [];
    const grant = (name: string) => ({
      path: /^\/oauth\/2026-09\/token$/,
      reply: {
        status: 200,
        body: {
          access_token: name,
          expires_in: 1_800,
          refresh_token: `refresh for after ${name}`,
          token_type: "bearer",
        },
      },
    });
    portal.instead.push(grant("first"), grant("second"));
    portal.token.current = "first";
    const app = await connectHubspot({
      baseUrl: portal.url,
      clientId: "client",
      clientSecret: "secret",
      refreshToken: "the first refresh token",
      storeRefreshToken: (token) => {
        stored.push(token);
        return Promise.resolve();
      },
      clock,
      log: silentLog,
    });
    expect(await read(app)).toEqual(["1", "2"]);
    clock.advance(29.5 * 60_000);
    portal.token.current = "second";
    expect(await read(app)).toEqual(["1", "2"]);
    expect(stored).toEqual(["refresh for after first", "refresh for after second"]);
    const forms = portal.requests
      .filter(({ path }) => path.endsWith("/token"))
      .map(({ body }) => new URLSearchParams(body));
    expect(forms.map((form) => form.get("refresh_token"))).toEqual([
      "the first refresh token",
      "refresh for after first",
    ]);
    // Two tokens, the question for the time and two searches: no request was sent with a token that had ended.
    expect(portal.requests).toHaveLength(5);
  });

  test("of an app whose refresh token was revoked ends it in words of the vendor's code", async () => {
    portal.instead.push({
      path: /token$/,
      reply: { status: 400, body: { error: "invalid_grant", status: "BAD_REFRESH_TOKEN" } },
    });
    const attempt = connectTo(portal, waits, {
      clientId: "client",
      clientSecret: "secret",
      refreshToken: "old",
      clock: manualClock(noon),
    }).then(async (app) => {
      portal.token.current = "another";
      return read(app);
    });
    await expect(attempt).rejects.toThrow(AuthError);
  });

  test("that is missing is refused before anything is sent", async () => {
    await expect(connectHubspot({ baseUrl: portal.url, log: silentLog })).rejects.toThrow(ConfigError);
    await expect(connectHubspot({ baseUrl: "portal", accessToken: "a", log: silentLog })).rejects.toThrow(
      /HUBSPOT_BASE_URL/,
    );
    expect(portal.requests).toEqual([]);
  });
});
