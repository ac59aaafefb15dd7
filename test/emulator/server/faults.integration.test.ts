import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { containing, startWire, type WireClient } from "../salesforce/wire/wire-client.ts";

let wire: WireClient;
const open: WireClient[] = [];
beforeEach(async () => {
  wire = await startWire();
  open.push(wire);
});
afterAll(() => Promise.all(open.map((one) => one.emulator.close())));

const send = (...faults: readonly object[]) => wire.control("POST", "faults", { faults });
async function add(...faults: readonly object[]): Promise<void> {
  const reply = await send(...faults);
  expect([reply.status, reply.at("error")]).toEqual([200, undefined]);
}
const limits = (headers: Readonly<Record<string, string>> = {}) =>
  wire.call("GET", "data:/limits", undefined, headers);
async function statuses(count: number): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let index = 0; index < count; index += 1) seen.push((await limits()).status);
  return seen;
}

describe("a fault meets", () => {
  it("the nth of the matching requests, or several of them", async () => {
    await add({ operation: "limits", nth: 3, preset: "unavailable" });
    expect(await statuses(4)).toEqual([200, 200, 503, 200]);
    await wire.control("DELETE", "faults");
    await add({ nth: [1, 3], preset: "bad_gateway" });
    expect(await statuses(4)).toEqual([502, 200, 502, 200]);
  });

  it("as many requests as count says, and all of them for null", async () => {
    await add({ count: 2, preset: "unavailable" });
    expect(await statuses(3)).toEqual([503, 503, 200]);
    await add({ count: null, preset: "unavailable" });
    expect(await statuses(3)).toEqual([503, 503, 503]);
  });

  it("a share of the requests that its seed decides", async () => {
    const run = async (seed: number) => {
      await wire.control("DELETE", "faults");
      await add({ probability: 0.3, seed, preset: "unavailable" });
      return statuses(100);
    };
    const first = await run(7);
    const failed = first.filter((status) => status === 503).length;
    // 100 draws at 0.3: 30, and four standard deviations are 4 x sqrt(100 x 0.3 x 0.7) = 18.
    expect(Math.abs(failed - 30)).toBeLessThan(18);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });

  it("nothing where its description is wrong: the key or the value is named", async () => {
    const refusals = [
      [{ preset: "unavailable", tims: 3 }, '"tims"'],
      [{ preset: "asleep" }, "preset"],
      [{ operation: "limit", preset: "unavailable" }, "no operation has this name"],
      [{ operation: "jobs/*", path: "x" }, "needs an effect"],
      [{ preset: "unavailable", times: 1, count: 1 }, "times and count"],
      [{ preset: "unavailable", probability: 2 }, "probability"],
    ] as const;
    for (const [fault, words] of refusals) {
      const reply = await send(fault);
      expect([reply.status, reply.at("error")]).toEqual([400, containing(words)]);
    }
    const top = await wire.control("POST", "faults", { fault: [] });
    expect([top.status, top.at("error")]).toEqual([400, containing('"fault"')]);
    expect((await wire.control("GET", "faults")).at("faults")).toEqual([]);
  });
});

describe("a session", () => {
  const { stringify } = JSON;
  const token = async (grant: Readonly<Record<string, string>>) => {
    const { clientId, clientSecret } = wire.emulator.ready.salesforce;
    return wire.form("/services/oauth2/token", {
      client_id: clientId,
      client_secret: clientSecret,
      ...grant,
    });
  };
  const bearer = (access: unknown) => ({ authorization: `Bearer ${String(access)}` });
  const expired = stringify([{ message: "Session expired or invalid", errorCode: "INVALID_SESSION_ID" }]);

  it("that expired is refused from then on, and a new one works", async () => {
    const first = bearer((await token({ grant_type: "client_credentials" })).at("access_token"));
    await add({ preset: "expired_token" });
    const refused = await limits(first);
    expect([refused.status, refused.text, refused.headers.get("www-authenticate")]).toEqual([
      401,
      expired,
      "Token",
    ]);
    expect((await limits(first)).status).toBe(401);
    const second = bearer((await token({ grant_type: "client_credentials" })).at("access_token"));
    expect((await limits(second)).status).toBe(200);
  });

  it("whose approval was revoked cannot be had again, by no grant, until it is given back", async () => {
    const { salesforce } = wire.emulator.ready;
    const redirect = new URLSearchParams({
      response_type: "code",
      client_id: salesforce.clientId,
      redirect_uri: "http://localhost/back",
    });
    const back = await wire.call("GET", `/services/oauth2/authorize?${redirect.toString()}`);
    const code = new URL(back.headers.get("location") ?? "").searchParams.get("code") ?? "";
    const granted = await token({
      grant_type: "authorization_code",
      code,
      redirect_uri: "http://localhost/back",
    });
    const refresh = { grant_type: "refresh_token", refresh_token: String(granted.at("refresh_token")) };
    await add({ preset: "revoked_token" });
    expect((await limits(bearer(granted.at("access_token")))).status).toBe(401);
    const assertion = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer" };
    const answers = [
      await token(refresh),
      await token({ ...assertion, assertion: await wire.assertion() }),
      await token({ grant_type: "client_credentials" }),
    ];
    expect(answers.map((answer) => [answer.status, answer.json])).toEqual([
      [400, { error: "invalid_grant", error_description: "expired access/refresh token" }],
      [400, { error: "invalid_grant", error_description: "user hasn't approved this consumer" }],
      [400, { error: "invalid_grant", error_description: "no client credentials user enabled" }],
    ]);
    await wire.control("POST", "faults", { salesforce: { appRevoked: false } });
    expect((await token({ grant_type: "client_credentials" })).status).toBe(200);
    // What was issued before stays ended; the standing token comes back with a reset.
    expect((await token(refresh)).status).toBe(400);
    expect((await limits()).status).toBe(401);
    await wire.control("POST", "reset");
    expect((await limits()).status).toBe(200);
  });
});

describe("the wire", () => {
  const leads = (count: number) =>
    wire.org.load(
      "Lead",
      Array.from({ length: count }, () => ({ LastName: "A" })),
    );
  const results = async () => {
    const query = { operation: "query", query: "SELECT Id, LastName FROM Lead" };
    const made = await wire.call("POST", "data:/jobs/query", query);
    return `data:/jobs/query/${String(made.at("id"))}/results`;
  };

  it("says that too many requests run, and that a Bulk job or a locator is gone", async () => {
    await add({ preset: "concurrent_limit" });
    expect((await limits()).json).toEqual([
      { message: "ConcurrentPerOrgLongTxn Limit exceeded.", errorCode: "REQUEST_LIMIT_EXCEEDED" },
    ]);
    leads(3);
    const page = await results();
    await add({ operation: "jobs/query/results", preset: "expired_locator" });
    const gone = await wire.call("GET", page);
    expect([gone.status, gone.at("0.errorCode")]).toEqual([404, "NOT_FOUND"]);
    await add({ operation: "jobs/query/results", preset: "invalid_job" });
    const invalid = await wire.call("GET", page);
    expect([invalid.status, invalid.at("0.errorCode")]).toEqual([400, "INVALIDJOB"]);
    await add({ operation: "query/more", preset: "expired_locator" });
    const more = await wire.call("GET", "data:/query/0r8RL0000000001AAA-2000");
    expect([more.status, more.at("0.errorCode")]).toEqual([400, "INVALID_QUERY_LOCATOR"]);
  });

  it("drops the query results that a Composite goes on with, and answers its other parts", async () => {
    leads(3);
    await wire.control("POST", "faults", { salesforce: { queryPageRows: 1 } });
    const opened = await wire.call("GET", "data:/query?q=SELECT+Id+FROM+Lead");
    await add({ operation: "composite", preset: "expired_locator" });
    const url = (path: string) => `/services/data/v67.0${path}`;
    const reply = await wire.call("POST", "data:/composite", {
      allOrNone: false,
      compositeRequest: [
        { method: "GET", url: String(opened.at("nextRecordsUrl")), referenceId: "more" },
        { method: "GET", url: url("/query?q=SELECT+Id+FROM+Lead"), referenceId: "anew" },
      ],
    });
    expect([0, 1].map((part) => reply.at(`compositeResponse.${part}.httpStatusCode`))).toEqual([400, 200]);
    expect(reply.at("compositeResponse.0.body.0.errorCode")).toBe("INVALID_QUERY_LOCATOR");
  });

  it("sends a page slowly, and all of it", async () => {
    leads(1_000);
    const page = await results();
    const whole = (await wire.call("GET", page, undefined, { "accept-encoding": "identity" })).text;
    await add({ operation: "jobs/query/results", bytesPerSecond: whole.length * 4 });
    const begun = performance.now();
    const slow = (await wire.call("GET", page, undefined, { "accept-encoding": "identity" })).text;
    // A quarter of a second, in steps of 50 ms.
    expect(performance.now() - begun).toBeGreaterThan(150);
    expect(slow).toBe(whole);
  });

  it("ends a page early so that nothing but its rows tell", async () => {
    leads(1_000);
    const page = await results();
    const whole = await wire.call("GET", page);
    await add({ operation: "jobs/query/results", endAfterCharacters: 5_000 });
    const cut = await wire.call("GET", page);
    expect(cut.status).toBe(200);
    expect(cut.text).toBe(whole.text.slice(0, 5_000));
    expect(cut.headers.get("sforce-numberofrecords")).toBe("1000");
    expect(cut.headers.get("content-encoding")).toBe("gzip");
    await add({ operation: "limits", endAfterCharacters: 20 });
    await expect(limits()).rejects.toThrow("JSON");
  });

  it("tells a time that is off, as long as it is told to", async () => {
    await wire.control("POST", "faults", { salesforce: { dateSkewSeconds: -90 } });
    expect((await limits()).headers.get("date")).toBe("Mon, 01 Jun 2026 07:58:30 GMT");
    expect((await wire.control("GET", "clock")).headers.get("date")).toBe("Mon, 01 Jun 2026 08:00:00 GMT");
    await wire.control("POST", "reset");
    expect((await limits()).headers.get("date")).toBe("Mon, 01 Jun 2026 08:00:00 GMT");
  });
});
