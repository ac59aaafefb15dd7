import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { containing, matching } from "../salesforce/wire/wire-client.ts";
import { type HubSpotClient, startHubSpot } from "./hubspot-client.ts";

let hub: HubSpotClient;
beforeAll(async () => {
  hub = await startHubSpot();
});
beforeEach(async () => {
  await hub.control("POST", "reset");
});
afterAll(() => hub.emulator.close());

const CONTACTS = "/crm/v3/objects/contacts";
const list = () => hub.call("GET", CONTACTS);
const search = () => hub.call("POST", `${CONTACTS}/search`, {});
const rateHeaders = (headers: Headers) =>
  [...headers.keys()].filter((name) => name.startsWith("x-hubspot-ratelimit")).toSorted();

/** One row of the table of errors: the body, its headers, and what brings it about. */
describe("calls beyond an allowance", () => {
  it("ten seconds: errorType, policyName and groupName, and the window rolls on", async () => {
    await hub.set({ tenSecondlyLimit: 2 });
    expect([(await list()).status, (await list()).status]).toEqual([200, 200]);
    const refused = await list();
    expect([refused.status, refused.json]).toEqual([
      429,
      {
        status: "error",
        message: "You have reached your ten_secondly_rolling limit.",
        errorType: "RATE_LIMIT",
        correlationId: matching(/^[0-9a-f-]{36}$/),
        policyName: "TEN_SECONDLY_ROLLING",
        groupName: matching(/^publicapi:/),
      },
    ]);
    expect(refused.headers.get("retry-after")).toBeNull();
    hub.clock.advance(10_001);
    expect((await list()).status).toBe(200);
  });

  it("searches: five a second for the whole account, no policyName, no Retry-After, no headers", async () => {
    const replies = await Promise.all(Array.from({ length: 6 }, search));
    const refused = replies.filter((reply) => reply.status === 429);
    expect([replies.filter((reply) => reply.status === 200).length, refused.length]).toEqual([5, 1]);
    expect(refused[0]?.json).toEqual({
      status: "error",
      message: "You have reached your secondly limit.",
      correlationId: matching(/^[0-9a-f-]{36}$/),
      category: "RATE_LIMITS",
    });
    const { headers } = refused[0] ?? { headers: new Headers({ "x-hubspot-ratelimit-none": "no reply" }) };
    expect([rateHeaders(headers), headers.get("retry-after")]).toEqual([[], null]);
    await hub.set({ searchLimitBody: "policy" });
    expect((await search()).json).toMatchObject({ errorType: "RATE_LIMIT", policyName: "SECONDLY" });
  });

  it("a day: DAILY with a requestId, until midnight of the account's time zone", async () => {
    // T0 is 04:00 in New York; the day ends 20 hours on.
    await hub.set({ dailyLimit: 1 });
    expect((await list()).status).toBe(200);
    const refused = await list();
    expect([refused.status, refused.json]).toEqual([
      429,
      {
        status: "error",
        message: "You have reached your daily limit.",
        errorType: "RATE_LIMIT",
        correlationId: matching(/^[0-9a-f-]{36}$/),
        policyName: "DAILY",
        requestId: matching(/^[0-9a-f-]{36}$/),
      },
    ]);
    hub.clock.advance(20 * 3_600_000 - 1_000);
    expect((await list()).status).toBe(429);
    hub.clock.advance(1_000);
    expect((await list()).status).toBe(200);
  });

  it("associations have an allowance of their own beside the app's", async () => {
    await hub.set({ associationsTenSecondlyLimit: 1 });
    const read = () =>
      hub.call("POST", "/crm/v4/associations/contacts/deals/batch/read", { inputs: [{ id: "1" }] });
    expect([(await read()).status, (await read()).status, (await list()).status]).toEqual([207, 429, 200]);
    const single = await hub.call("GET", "/crm/v4/objects/contacts/1/associations/deals");
    expect(single.status).toBe(429);
  });

  it.each([
    ["FREE", "100", "250000"],
    ["PROFESSIONAL", "190", "625000"],
    ["ENTERPRISE", "190", "1000000"],
  ])("%s allows %s in ten seconds and %s a day, as the headers say", async (tier, burst, daily) => {
    await hub.set({ tier });
    const { headers } = await list();
    expect([
      headers.get("x-hubspot-ratelimit-max"),
      headers.get("x-hubspot-ratelimit-secondly"),
      headers.get("x-hubspot-ratelimit-daily"),
      headers.get("x-hubspot-ratelimit-interval-milliseconds"),
    ]).toEqual([burst, String(Number(burst) / 10), daily, "10000"]);
  });

  it("search answers carry the daily headers only", async () => {
    expect(rateHeaders((await search()).headers)).toEqual([
      "x-hubspot-ratelimit-daily",
      "x-hubspot-ratelimit-daily-remaining",
    ]);
  });
});

describe("faults in HubSpot's words", () => {
  const fault = async (preset: string) => {
    await hub.control("POST", "faults", { faults: [{ crm: "hubspot", preset }] });
    return list();
  };

  it.each([
    ["hubspot_ten_secondly", 429, "TEN_SECONDLY_ROLLING"],
    ["hubspot_search_limit", 429, '"category":"RATE_LIMITS"'],
    ["hubspot_search_limit_policy", 429, '"policyName":"SECONDLY"'],
    ["hubspot_daily", 429, '"policyName":"DAILY"'],
    ["hubspot_cloudflare", 429, "error code: 1015"],
    ["hubspot_unauthenticated", 401, "INVALID_AUTHENTICATION"],
    ["hubspot_missing_scopes", 403, "requiredGranularScopes"],
    ["hubspot_locked", 423, "locked"],
    ["hubspot_migrating", 477, "data center"],
    ["hubspot_internal", 500, "internal error"],
    ["hubspot_bad_gateway", 502, "<html>"],
    ["hubspot_gateway_timeout", 504, "timed out"],
    ["hubspot_cloudflare_521", 521, "<html>"],
    ["hubspot_cloudflare_522", 522, "<html>"],
    ["hubspot_cloudflare_523", 523, "<html>"],
    ["hubspot_cloudflare_524", 524, "<html>"],
  ])("%s is a %i", async (preset, status, words) => {
    const reply = await fault(preset);
    expect([reply.status, reply.text]).toEqual([status, containing(words)]);
    expect((await list()).status).toBe(200);
  });

  it.each([
    ["expired_session", 401, "INVALID_AUTHENTICATION"],
    ["server_error", 500, "INTERNAL_ERROR"],
    ["request_limit", 429, "DAILY"],
  ])("%s is said in HubSpot's words too", async (preset, status, words) => {
    const reply = await fault(preset);
    expect([reply.status, reply.text]).toEqual([status, containing(words)]);
  });

  it("says when a migration is over, and can leave out the content type", async () => {
    expect((await fault("hubspot_migrating")).headers.get("retry-after")).toBe("60");
    const untyped = await fault("hubspot_cloudflare_untyped");
    expect([untyped.status, untyped.headers.get("content-type"), untyped.text]).toEqual([429, null, ""]);
    expect((await fault("hubspot_missing_scopes_text")).headers.get("content-type")).toEqual(
      containing("text/plain"),
    );
  });

  it("break the connection after the write took effect", async () => {
    await hub.control("POST", "faults", {
      faults: [{ operation: "objects POST", reset: true, when: "after" }],
    });
    await expect(hub.call("POST", CONTACTS, { properties: { firstname: "A" } })).rejects.toThrow(
      "fetch failed",
    );
    expect((await list()).at("results.0.id")).toEqual(matching(/^\d+$/));
  });

  it("meet the object they name, and end a session for good", async () => {
    await hub.control("POST", "faults", {
      faults: [{ crm: "hubspot", object: "deals", preset: "hubspot_locked" }],
    });
    expect([(await list()).status, (await hub.call("GET", "/crm/v3/objects/0-3")).status]).toEqual([
      200, 423,
    ]);
    await hub.control("POST", "faults", { faults: [{ crm: "hubspot", preset: "expired_token" }] });
    await list();
    expect((await list()).status).toBe(401);
  });
});

describe("credentials", () => {
  it("no token, and a wrong one, are 401 whatever the path", async () => {
    const none = await hub.call("GET", CONTACTS, undefined, { authorization: "" });
    expect([none.status, none.at("category"), none.at("message")]).toEqual([
      401,
      "INVALID_AUTHENTICATION",
      containing("Authentication credentials not found"),
    ]);
    expect((await hub.call("GET", "/crm/v3/nonsense", undefined, { authorization: "Bearer x" })).status).toBe(
      401,
    );
    expect((await hub.call("GET", "/crm/v3/nonsense")).status).toBe(404);
    expect((await hub.call("PUT", CONTACTS)).status).toBe(405);
  });

  it("missing scopes are 403: with a list and no rate headers for records, as text with them for properties", async () => {
    await hub.set({ scopes: ["crm.objects.deals.read", "crm.schemas.deals.write"] });
    const records = await list();
    expect([
      records.status,
      records.at("category"),
      records.at("errors.0.context"),
      rateHeaders(records.headers),
    ]).toEqual([403, "MISSING_SCOPES", { requiredGranularScopes: ["crm.objects.contacts.read"] }, []]);
    const properties = await hub.call("GET", "/crm/v3/properties/contacts");
    expect([properties.status, properties.json, rateHeaders(properties.headers).length > 0]).toEqual([
      403,
      undefined,
      true,
    ]);
    expect((await hub.call("GET", "/crm/v3/objects/deals")).status).toBe(200);
    await hub.set({ scopes: ["crm.schemas.deals.write"] });
    expect((await hub.call("GET", "/crm/v3/properties/deals")).status).toBe(403);
  });

  it.each([
    ["leads", "/crm/v3/objects/leads", "STARTER", "PROFESSIONAL"],
    ["campaigns", "/marketing/v3/campaigns", "STARTER", "PROFESSIONAL"],
    ["custom objects", "/crm/v3/schemas", "PROFESSIONAL", "ENTERPRISE"],
  ])("%s come with an edition", async (_name, path, without, having) => {
    await hub.set({ tier: without });
    expect((await hub.call("GET", path)).status).toBe(403);
    await hub.set({ tier: having });
    expect((await hub.call("GET", path)).status).toBe(200);
  });
});
