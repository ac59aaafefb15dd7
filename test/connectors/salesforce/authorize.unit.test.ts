import { generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import nock from "nock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectSalesforce } from "../../../connectors/salesforce/connect.ts";
import type { SalesforceOptions } from "../../../connectors/salesforce/connect-options.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import { AuthError, ConfigError, TransientHttpError } from "../../../src/core/errors.ts";
import type { SharedGrants, TokenGrant } from "../../../src/core/grants.ts";
import type { Connection } from "../../../src/core/ports.ts";
import { manualClock } from "../../../src/core/time.ts";
import { connect, DATE, failure, HOST, headers, instantPacing, queryBody, ROOT } from "./nock-org.ts";

const LOGIN = "https://test.salesforce.com";
const CLIENT = "3MVG9.client";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

async function connectByGrant(options: Partial<SalesforceOptions>): Promise<Connection> {
  return await connectSalesforce({
    loginUrl: LOGIN,
    clientId: CLIENT,
    apiVersion: "67.0",
    log: silentLog,
    pacing: instantPacing(),
    ...options,
  });
}

const jwt = { username: "integration@acme.example", privateKey: pem } as const;

/** Answers one token request. @returns its form fields */
function onToken(
  status: number,
  body: unknown,
  replyHeaders: Record<string, string> = headers,
): Map<string, string> {
  const form = new Map<string, string>();
  nock(LOGIN)
    .post("/services/oauth2/token")
    .reply(async (request: Request) => {
      for (const [name, value] of new URLSearchParams(await request.text())) form.set(name, value);
      return [status, typeof body === "string" ? body : JSON.stringify(body), replyHeaders];
    });
  return form;
}

function granted(accessToken: string, more: Record<string, string> = {}): unknown {
  return {
    access_token: accessToken,
    instance_url: HOST,
    id: `${LOGIN}/id/00D/005`,
    token_type: "Bearer",
    ...more,
  };
}

/** A count of contacts, accepted only with this token. */
function onCount(accessToken: string): nock.Scope {
  return nock(HOST)
    .get(`${ROOT}/query`)
    .query(true)
    .matchHeader("authorization", `Bearer ${accessToken}`)
    .reply(200, JSON.stringify(queryBody([], 7)), headers);
}

function onExpired(times = 1): void {
  nock(HOST)
    .get(`${ROOT}/query`)
    .query(true)
    .times(times)
    .reply(
      401,
      JSON.stringify([{ message: "Session expired or invalid", errorCode: "INVALID_SESSION_ID" }]),
      headers,
    );
}

describe("getting a token", () => {
  it("signs a JWT for the login host with RS256 that lives under three minutes, and sends no client secret with it", async () => {
    const form = onToken(200, granted("t1"));
    onCount("t1");
    const now = new Date("2026-11-21T10:00:00Z");
    const connection = await connectByGrant({ ...jwt, clientSecret: "unused", clock: manualClock(now) });
    expect(await connection.count("Contact")).toBe(7);
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    expect(form.has("client_secret")).toBe(false);
    const { payload, protectedHeader } = await jwtVerify(form.get("assertion") ?? "", publicKey, {
      currentDate: now,
    });
    expect(protectedHeader.alg).toBe("RS256");
    expect(payload).toEqual({ iss: CLIENT, sub: jwt.username, aud: LOGIN, exp: now.getTime() / 1000 + 150 });
  });

  it("signs again by the server's clock when this machine's clock is off", async () => {
    onToken(400, { error: "invalid_grant", error_description: "expired" });
    const second = onToken(200, granted("t1"));
    await connectByGrant({ ...jwt, clock: manualClock(new Date("2018-06-01T00:00:00Z")) });
    const { payload } = await jwtVerify(second.get("assertion") ?? "", publicKey, {
      currentDate: new Date(DATE),
    });
    expect(payload.exp).toBe(new Date(DATE).getTime() / 1000 + 150);
  });

  it("uses client credentials where there is a secret and no user", async () => {
    const form = onToken(200, granted("t1"));
    onCount("t1");
    const connection = await connectByGrant({ clientSecret: "s3cret" });
    expect(await connection.count("Contact")).toBe(7);
    expect(Object.fromEntries(form)).toEqual({
      grant_type: "client_credentials",
      client_id: CLIENT,
      client_secret: "s3cret",
    });
  });

  it("names SALESFORCE_CLIENT_ID when the org does not know the client", async () => {
    onToken(400, { error: "invalid_client_id", error_description: "client identifier invalid" });
    const error = await failure(connectByGrant(jwt));
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ code: "AUTH", retryable: false, name: "AuthError" });
    expect(error.message).toBe(
      "The Salesforce token request was refused by test.salesforce.com: invalid_client_id: client identifier invalid. " +
        "Check SALESFORCE_CLIENT_ID (the consumer key of the external client app).",
    );
  });

  it("names user name, key file and login address when the assertion is refused, and shows neither key nor assertion", async () => {
    const form = onToken(400, {
      error: "invalid_grant",
      error_description: "invalid assertion for bob@acme.example",
    });
    const error = await failure(connectByGrant({ ...jwt, clock: manualClock(new Date(DATE)) }));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toContain("Check SALESFORCE_USERNAME, that SALESFORCE_PRIVATE_KEY_FILE belongs");
    expect(error.message).not.toContain("bob@acme.example");
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain(form.get("assertion"));
  });

  it("says that the admin must pre-authorise the user when the consumer is not approved", async () => {
    onToken(400, { error: "invalid_grant", error_description: "user hasn't approved this consumer" });
    const error = await failure(connectByGrant({ ...jwt, clock: manualClock(new Date(DATE)) }));
    expect(error.message).toContain("Pre-authorise the integration user");
  });

  it("refuses a key file that is no key, without quoting it", async () => {
    const error = await failure(
      connectByGrant({
        ...jwt,
        privateKey: "-----BEGIN RSA PRIVATE KEY-----\nABCDEF\n-----END RSA PRIVATE KEY-----",
      }),
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain("SALESFORCE_PRIVATE_KEY_FILE");
    expect(error.message).not.toContain("ABCDEF");
  });

  it("says which variables are missing when there is no way to get a token", async () => {
    const error = await failure(connectSalesforce({ log: silentLog }));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toContain(
      "set SALESFORCE_CLIENT_ID with SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE",
    );
  });

  it("names host and step when the login host cannot be reached", async () => {
    nock(LOGIN)
      .post("/services/oauth2/token")
      .replyWithError(Object.assign(new Error("connect"), { code: "ECONNREFUSED" }));
    const error = await failure(connectByGrant(jwt));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toBe(
      "The Salesforce token request failed: cannot reach test.salesforce.com (ECONNREFUSED). Check the address and the network; it is tried again.",
    );
  });

  it("takes an HTML page from the login host for an outage", async () => {
    onToken(503, "<html>We are down for maintenance.</html>", { "Content-Type": "text/html" });
    const error = await failure(connectByGrant(jwt));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("test.salesforce.com answered HTTP 503 and no token");
  });
});

describe("a token that is refused", () => {
  it("says what to do when nothing is set to renew it", async () => {
    onExpired();
    const connection = await connect();
    const error = await failure(connection.count("Contact"));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toBe(
      "The Salesforce access token has expired or was revoked (HTTP 401), and nothing is set to renew it. " +
        "Put a fresh one into SALESFORCE_ACCESS_TOKEN, or set SALESFORCE_CLIENT_ID with SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE.",
    );
    expect(connection.usage().metered).toBe(0);
  });

  it("is renewed once and the call sent again", async () => {
    onExpired();
    onToken(200, granted("fresh"));
    onCount("fresh");
    const connection = await connectByGrant({ ...jwt, instanceUrl: HOST, accessToken: "stale" });
    expect(await connection.count("Contact")).toBe(7);
    expect(connection.usage().metered).toBe(1);
  });

  it("is renewed too when the identity address refuses it with 403 Bad_OAuth_Token", async () => {
    nock(HOST)
      .get("/services/oauth2/userinfo")
      .reply(403, "Bad_OAuth_Token", { Date: DATE, "Content-Type": "text/html" })
      .get("/services/oauth2/userinfo")
      .matchHeader("authorization", "Bearer fresh")
      .reply(
        200,
        { organization_id: "00D000000000001EAA", user_id: "005000000000001AAA", preferred_username: "u" },
        headers,
      );
    onToken(200, granted("fresh"));
    const connection = await connectByGrant({ ...jwt, instanceUrl: HOST, accessToken: "stale" });
    expect(await connection.identity()).toMatchObject({ orgId: "00D000000000001EAA" });
  });

  it("is not renewed a second time when the fresh one is refused too", async () => {
    onExpired(2);
    onToken(200, granted("fresh"));
    const connection = await connectByGrant({ ...jwt, instanceUrl: HOST, accessToken: "stale" });
    const error = await failure(connection.count("Contact"));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toContain("with a token it had just issued (HTTP 401)");
    expect(nock.isDone()).toBe(true);
  });

  it("is renewed once for calls that are refused at the same time", async () => {
    onExpired(3);
    const form = onToken(200, granted("fresh"));
    onCount("fresh");
    onCount("fresh");
    onCount("fresh");
    const connection = await connectByGrant({ ...jwt, instanceUrl: HOST, accessToken: "stale" });
    const counts = await Promise.all(["Lead", "Contact", "Task"].map((object) => connection.count(object)));
    expect(counts).toEqual([7, 7, 7]);
    expect(form.size).toBeGreaterThan(0);
  });

  it("is refreshed with rotation: what the grant's keeper gets holds the new refresh token and the new instance", async () => {
    const form = onToken(200, granted("a2", { refresh_token: "r2" }));
    const grants = keeper({ accessToken: "a1", refreshToken: "r1" });
    onExpired();
    onCount("a2");
    const connection = await connectByGrant({ grants, clientSecret: "s3cret" });
    expect(await connection.count("Contact")).toBe(7);
    expect(Object.fromEntries(form)).toEqual({
      grant_type: "refresh_token",
      refresh_token: "r1",
      client_id: CLIENT,
      client_secret: "s3cret",
    });
    expect(grants.kept).toMatchObject({ accessToken: "a2", refreshToken: "r2", instanceUrl: HOST });
  });

  it("keeps its refresh token where the org does not rotate it", async () => {
    onToken(200, granted("a2"));
    const grants = keeper({ accessToken: "a1", refreshToken: "r1" });
    onExpired();
    onCount("a2");
    await (await connectByGrant({ grants })).count("Contact");
    expect(grants.kept).toMatchObject({ accessToken: "a2", refreshToken: "r1" });
  });

  it("tells to connect again when the refresh token is void, and since when another refresh is missing", async () => {
    for (const lostSince of [null, new Date("2026-11-21T09:59:00Z")]) {
      onExpired();
      onToken(400, { error: "invalid_grant", error_description: "expired access/refresh token" });
      const grants = keeper({ accessToken: "a1", refreshToken: "r1" }, lostSince);
      const error = await failure((await connectByGrant({ grants })).count("Contact"));
      expect(error).toBeInstanceOf(AuthError);
      expect(error.message).toContain("run `ripeline connect salesforce` again");
      expect(error.message.includes("began at 2026-11-21T09:59:00.000Z did not end")).toBe(
        lostSince !== null,
      );
      expect(error.message).not.toContain("r1.");
    }
  });

  it("is tried again later when another client uses the same refresh token right now", async () => {
    onExpired();
    onToken(400, { error: "invalid_grant", error_description: "Token request is already being processed" });
    const grants = keeper({ accessToken: "a1", refreshToken: "r1" });
    const error = await failure((await connectByGrant({ grants })).count("Contact"));
    expect(error).toBeInstanceOf(TransientHttpError);
  });
});

/** Keeps a grant as a store would, for one process. */
function keeper(
  tokens: Pick<TokenGrant, "accessToken" | "refreshToken">,
  lostSince: Date | null = null,
): SharedGrants & { readonly kept: TokenGrant } {
  let kept: TokenGrant = { loginUrl: LOGIN, clientId: CLIENT, instanceUrl: HOST, ...tokens };
  return {
    get kept() {
      return kept;
    },
    newest: () => Promise.resolve(kept),
    renewed: async (_refused, refresh) => {
      kept = await refresh(kept, lostSince);
      return kept;
    },
  };
}
