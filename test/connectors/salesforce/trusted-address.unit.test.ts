import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectSalesforce } from "../../../connectors/salesforce/connect.ts";
import { createSession } from "../../../connectors/salesforce/session.ts";
import { beginSignIn } from "../../../connectors/salesforce/sign-in.ts";
import { trustedOrigin } from "../../../connectors/salesforce/trusted-address.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import { createHttp } from "../../../connectors/shared/http.ts";
import { createRateGovernor } from "../../../connectors/shared/rate-governor.ts";
import { ConfigError, WireShapeError } from "../../../src/core/errors.ts";
import { systemClock } from "../../../src/core/time.ts";
import { connect, failure, HOST, headers, instantPacing, queryBody, ROOT } from "./nock-org.ts";

const LOGIN = "https://login.salesforce.com";

const origin = (address: string, allowedHosts: readonly string[] = [], mayBeLoopback = true): string =>
  trustedOrigin(address, { name: "SALESFORCE_LOGIN_URL", allowedHosts, mayBeLoopback });

describe("an address that secrets may go to", () => {
  test.each([
    ["https://login.salesforce.com", "https://login.salesforce.com"],
    ["https://test.salesforce.com/", "https://test.salesforce.com"],
    ["https://acme--uat.sandbox.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com"],
    ["https://ACME.My.SalesForce.COM", "https://acme.my.salesforce.com"],
    ["https://acme.my.salesforce.com:443", "https://acme.my.salesforce.com"],
    ["https://acme.cloudforce.force.com", "https://acme.cloudforce.force.com"],
    ["https://acme.my.salesforce.mil", "https://acme.my.salesforce.mil"],
    ["https://acme.my.sfcrmproducts.cn", "https://acme.my.sfcrmproducts.cn"],
    ["http://127.0.0.1:4444", "http://127.0.0.1:4444"],
    ["http://localhost:4444", "http://localhost:4444"],
    ["https://[::1]:4444", "https://[::1]:4444"],
  ])("%s", (address, expected) => {
    expect(origin(address)).toBe(expected);
  });

  test("is also a host that ripeline.yaml names, with its port, and no other port or neighbour of it", () => {
    const allowed = ["gateway.acme.com:8443"];
    expect(origin("https://gateway.acme.com:8443", allowed)).toBe("https://gateway.acme.com:8443");
    for (const other of ["https://gateway.acme.com", "https://a.gateway.acme.com:8443"]) {
      expect(() => origin(other, allowed)).toThrow(/outside Salesforce's domains/);
    }
    expect(() => origin("http://gateway.acme.com:8443", allowed)).toThrow(/in the clear/);
  });
});

describe("an address that nothing secret goes to", () => {
  test.each([
    ["the vendor's name in front", "https://login.salesforce.com.evil.example", /outside Salesforce's/],
    ["the vendor's name in the path", "https://evil.example/login.salesforce.com", /goes on after evil/],
    ["the vendor's name in the query", "https://evil.example?.salesforce.com", /goes on after evil/],
    ["the vendor's name in the fragment", "https://evil.example#.salesforce.com", /goes on after evil/],
    ["the vendor's name as user", "https://login.salesforce.com@evil.example", /a user name before evil/],
    ["a user at the vendor", "https://me:pw@login.salesforce.com", /a user name before login/],
    ["a backslash", "https://evil.example\\.salesforce.com", /goes on after evil/],
    ["a backslash before @", "https://evil.example\\@login.salesforce.com", /goes on after evil/],
    ["a look-alike without the dot", "https://evilsalesforce.com", /outside Salesforce's/],
    ["the bare domain", "https://salesforce.com", /outside Salesforce's/],
    ["a trailing dot", "https://login.salesforce.com.", /outside Salesforce's/],
    ["a Cyrillic letter", "https://login.sаlesforce.com", /xn--/],
    ["punycode", "https://login.xn--slesforce-9wi.com", /outside Salesforce's/],
    ["a tab inside", "https://login.salesforce.com\t.evil.example", /outside Salesforce's/],
    ["another port of the vendor's", "https://login.salesforce.com:8443", /outside Salesforce's/],
    ["plain http", "http://login.salesforce.com", /in the clear/],
    ["an address of another machine", "http://127.0.0.1.evil.example", /in the clear/],
    ["the network of this machine", "https://192.168.0.1", /outside Salesforce's/],
    ["another scheme", "ftp://login.salesforce.com", /no address/],
    ["no address", "login.salesforce.com", /no address/],
  ])("%s: %s", (_, address, message) => {
    expect(() => origin(address)).toThrow(ConfigError);
    expect(() => origin(address)).toThrow(message);
    expect(() => origin(address)).not.toThrow(/me:pw/);
  });

  test("this machine, where an answer from elsewhere names it", () => {
    expect(() => origin("http://127.0.0.1:4444", [], false)).toThrow(/is this machine/);
    expect(() => origin("http://2130706433/", [], false)).toThrow(/is this machine/);
  });
});

describe("a connection", () => {
  beforeEach(() => nock.disableNetConnect());
  afterEach(() => {
    nock.cleanAll();
    nock.enableNetConnect();
  });

  const byCredentials = (more: Readonly<Record<string, unknown>> = {}) =>
    connectSalesforce({
      loginUrl: LOGIN,
      clientId: "3MVG9",
      clientSecret: "s3cret",
      apiVersion: "67.0",
      log: silentLog,
      pacing: instantPacing(),
      ...more,
    });
  const answering = (instanceUrl: string): void => {
    nock(LOGIN)
      .post("/services/oauth2/token")
      .reply(200, { access_token: "t1", instance_url: instanceUrl }, headers);
  };

  test.each(["https://login.salesforce.com.evil.example", "https://evil.example"])(
    "sends no secret to %s as login or instance",
    async (evil) => {
      // Any request would fail here with another error: nothing may leave.
      expect(await failure(byCredentials({ loginUrl: evil }))).toBeInstanceOf(ConfigError);
      expect(await failure(connect({ instanceUrl: evil }))).toBeInstanceOf(ConfigError);
      const signIn = beginSignIn({
        loginUrl: evil,
        clientId: "3MVG9",
        allowedHosts: [],
        port: 0,
        timeoutMs: 1,
      });
      expect(await failure(signIn)).toBeInstanceOf(ConfigError);
    },
  );

  test.each([
    [
      "another company",
      "https://evil.example",
      /login\.salesforce\.com \(instance_url\): evil\.example is outside/,
    ],
    ["this machine", "http://127.0.0.1:1", /127\.0\.0\.1:1 is this machine/],
    ["plain http", "http://acme.my.salesforce.com", /in the clear/],
  ])("sends no token to an instance that the token answer names: %s", async (_, instanceUrl, message) => {
    answering(instanceUrl);
    const error = await failure(byCredentials());
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(message);
    expect(nock.isDone()).toBe(true);
  });

  test("takes an instance that the config names", async () => {
    answering("https://gateway.acme.com");
    nock("https://gateway.acme.com").get(`${ROOT}/query`).query(true).reply(200, queryBody([], 3), headers);
    const connection = await byCredentials({ allowedHosts: ["gateway.acme.com"] });
    expect(await connection.count("Lead")).toBe(3);
  });

  test("follows no redirect", async () => {
    nock(HOST)
      .get(`${ROOT}/query`)
      .query(true)
      .times(3)
      .reply(302, "", { ...headers, Location: "https://evil.example/" });
    const connection = await connect();
    expect(String(await failure(connection.count("Lead")))).toMatch(/302/);
  });

  test("does not go where an answer leads with a whole address", async () => {
    const session = createSession({
      http: createHttp("salesforce"),
      tokens: { current: () => Promise.resolve("t"), renew: () => Promise.resolve("t") },
      governor: createRateGovernor({
        crm: "salesforce",
        ceilingShare: 1,
        flagReserve: 0,
        clock: systemClock,
      }),
      pacing: instantPacing(),
      instanceUrl: HOST,
      version: "67.0",
      log: silentLog,
    });
    const path = "https://evil.example/services/data/v67.0/query/0r8-2000";
    const page = {
      method: "GET",
      path,
      step: "The next page",
      purpose: "read",
      effect: "repeatable",
    } as const;
    const error = await failure(session.call(page));
    expect(error).toBeInstanceOf(WireShapeError);
    expect(error.message).toMatch(
      /^The next page: acme\.my\.salesforce\.com led to another host\. Nothing was sent/,
    );
  });
});
