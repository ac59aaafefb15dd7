import { createHash, generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { matching, startWire, type WireClient } from "./wire-client.ts";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

describe("the token endpoint", () => {
  let wire: WireClient;
  beforeAll(async () => {
    wire = await startWire();
  });
  afterAll(() => wire.emulator.close());

  const token = (values: Readonly<Record<string, string>>) => wire.form("/services/oauth2/token", values);
  const jwt = async (claims?: Readonly<Record<string, unknown>>, pem?: string) =>
    token({ grant_type: JWT_BEARER, assertion: await wire.assertion(claims, pem) });
  const client = () => {
    const { clientId, clientSecret } = wire.emulator.ready.salesforce;
    return { client_id: clientId, client_secret: clientSecret };
  };

  it("gives an access token of the org for a signed assertion", async () => {
    const reply = await jwt();
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual({
      access_token: matching(/^00D000000000001AAA![.\w]+$/),
      scope: "web openid api id",
      instance_url: wire.emulator.ready.salesforce.instanceUrl,
      id: matching(/\/id\/00D000000000001AAA\/005000000000001AAA$/),
      token_type: "Bearer",
    });
    expect(reply.headers.get("sforce-limit-info")).toBeNull();
  });

  it("accepts an expiry in milliseconds, as the vendor's own command line sends it", async () => {
    expect((await jwt({ exp: wire.clock.now().getTime() + 300 })).status).toBe(200);
  });

  it.each([
    ["another key", {}, "invalid_grant", "invalid assertion"],
    ["another client id", { iss: "nobody" }, "invalid_client_id", "client identifier invalid"],
    ["another audience", { aud: "https://example.com" }, "invalid_grant", "Audience validation failed"],
    ["an unknown user", { sub: "who@example.com" }, "invalid_grant", "user hasn't approved this consumer"],
    ["an expiry in the past", { exp: 1_500_000_000 }, "invalid_grant", "expired authorization code"],
  ])("refuses an assertion with %s in the vendor's words", async (what, claims, error, description) => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem =
      what === "another key" ? privateKey.export({ type: "pkcs8", format: "pem" }).toString() : undefined;
    const reply = await jwt(claims, pem);
    expect(reply.status).toBe(400);
    expect(reply.json).toEqual({ error, error_description: description });
  });

  it("runs client credentials as the integration user, with the keys real orgs print", async () => {
    const reply = await token({ grant_type: "client_credentials", ...client() });
    expect(Object.keys(Object(reply.json))).toEqual([
      "access_token",
      "signature",
      "scope",
      "instance_url",
      "id",
      "token_type",
      "issued_at",
    ]);
    const wrong = await token({ grant_type: "client_credentials", ...client(), client_secret: "x" });
    expect(wrong.json).toEqual({ error: "invalid_client", error_description: "invalid client credentials" });
    const { clientId, clientSecret, instanceUrl } = wire.emulator.ready.salesforce;
    const basic = Buffer.from(`${clientId}:${clientSecret}`, "utf8").toString("base64");
    const byHeader = await fetch(`${instanceUrl}/services/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    expect(byHeader.status).toBe(200);
    const unknown = await token({ grant_type: "client_credentials", client_id: "x", client_secret: "x" });
    expect(unknown.json).toEqual({
      error: "invalid_client_id",
      error_description: "client identifier invalid",
    });
  });

  it("rotates refresh tokens and revokes the whole family when one is used twice", async () => {
    const redirect = "http://127.0.0.1:1/callback";
    const query = new URLSearchParams({
      response_type: "code",
      client_id: client().client_id,
      redirect_uri: redirect,
      state: "s1",
    });
    const approval = await wire.call("GET", `/services/oauth2/authorize?${query.toString()}`);
    expect(approval.status).toBe(302);
    const back = new URL(approval.headers.get("location") ?? "");
    expect(back.searchParams.get("state")).toBe("s1");
    const code = back.searchParams.get("code") ?? "";
    const granted = await token({
      grant_type: "authorization_code",
      code,
      redirect_uri: redirect,
      ...client(),
    });
    const first = String(granted.at("refresh_token"));

    const refresh = (refresh_token: string) =>
      token({ grant_type: "refresh_token", refresh_token, ...client() });
    const second = String((await refresh(first)).at("refresh_token"));
    expect(second).not.toBe(first);
    const again = await refresh(first);
    expect(again.status).toBe(400);
    expect(again.json).toEqual({ error: "invalid_grant", error_description: "expired access/refresh token" });
    expect((await refresh(second)).status).toBe(400);
    // Access tokens of the same sign-in end too.
    const headers = { authorization: `Bearer ${String(granted.at("access_token"))}` };
    expect((await wire.call("GET", "data:/limits", undefined, headers)).status).toBe(401);
  });

  describe("a code", () => {
    const redirect = "http://localhost:1717/callback";
    const verifier = "v".repeat(64);
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const authorize = async (more: Readonly<Record<string, string>> = {}) => {
      const query = new URLSearchParams({
        response_type: "code",
        client_id: client().client_id,
        redirect_uri: redirect,
        state: "s1",
        ...more,
      });
      const reply = await wire.call("GET", `/services/oauth2/authorize?${query.toString()}`);
      return { reply, back: new URL(reply.headers.get("location") ?? "http://nowhere.example").searchParams };
    };
    const redeem = (code: string | null, more: Readonly<Record<string, string>> = {}) =>
      token({
        grant_type: "authorization_code",
        code: code ?? "",
        redirect_uri: redirect,
        client_id: client().client_id,
        ...more,
      });

    it("that was asked for with a challenge is given for its verifier only, once", async () => {
      for (const wrong of [{}, { code_verifier: "w".repeat(64) }, { code_verifier: challenge }]) {
        const { back } = await authorize({ code_challenge: challenge, code_challenge_method: "S256" });
        const reply = await redeem(back.get("code"), wrong);
        expect([reply.status, reply.at("error")]).toEqual([400, "invalid_grant"]);
        // A failed try uses the code up.
        expect((await redeem(back.get("code"), { code_verifier: verifier })).status).toBe(400);
      }
      const { back } = await authorize({ code_challenge: challenge });
      expect((await redeem(back.get("code"), { code_verifier: verifier })).status).toBe(200);
      expect((await redeem(back.get("code"), { code_verifier: verifier })).status).toBe(400);
    });

    it("that was asked for without one is not given for a verifier, nor for another callback", async () => {
      const first = await authorize();
      expect((await redeem(first.back.get("code"), { code_verifier: verifier })).status).toBe(400);
      const second = await authorize();
      const moved = await redeem(second.back.get("code"), { redirect_uri: "http://localhost:1718/callback" });
      expect(moved.at("error")).toBe("redirect_uri_mismatch");
    });

    it.each([
      ["plain challenges", { code_challenge: challenge, code_challenge_method: "plain" }, "invalid_request"],
      ["challenges that are no hash", { code_challenge: "short" }, "invalid_request"],
      ["tokens in the address", { response_type: "token" }, "unsupported_response_type"],
    ])("is refused to %s, in the browser's way back", async (_, more, error) => {
      const { back } = await authorize(more);
      expect([back.get("error"), back.get("state"), back.get("code")]).toEqual([error, "s1", null]);
    });

    it("is sent neither to a strange client's callback nor to one in the clear", async () => {
      for (const more of [
        { client_id: "x" },
        { redirect_uri: "http://evil.example/" },
        { redirect_uri: "x" },
      ]) {
        const { reply } = await authorize(more);
        expect([reply.status, reply.headers.get("location")]).toEqual([400, null]);
      }
    });

    it("brings a refresh token where its scope says so", async () => {
      const without = await authorize({ scope: "api id" });
      expect((await redeem(without.back.get("code"))).at("refresh_token")).toBeUndefined();
      const withIt = await authorize({ scope: "api id refresh_token" });
      expect((await redeem(withIt.back.get("code"))).at("refresh_token")).toEqual(matching(/^5Aep861/));
    });
  });

  it("refuses a grant it does not have", async () => {
    expect((await token({ grant_type: "password" })).json).toEqual({
      error: "unsupported_grant_type",
      error_description: "grant type not supported",
    });
  });

  it("lets an issued token die after two emulated hours, and the standing one live on", async () => {
    const issued = String((await jwt()).at("access_token"));
    const ask = () => wire.call("GET", "data:/limits", undefined, { authorization: `Bearer ${issued}` });
    wire.clock.advance(2 * 3_600_000 - 1);
    expect((await ask()).status).toBe(200);
    wire.clock.advance(1);
    const dead = await ask();
    expect(dead.status).toBe(401);
    expect(dead.text).toBe('[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]');
    expect(dead.headers.get("www-authenticate")).toBe("Token");
    expect(dead.headers.get("sforce-limit-info")).toBeNull();
    expect((await wire.call("GET", "data:/limits")).status).toBe(200);
  });

  it("tells an app who it runs as, in 23 keys", async () => {
    const reply = await wire.call("GET", "/services/oauth2/userinfo");
    expect(Object.keys(Object(reply.json))).toHaveLength(23);
    expect(reply.json).toMatchObject({
      user_id: "005000000000001AAA",
      is_salesforce_integration_user: true,
      address: {},
    });
    expect(reply.headers.get("sforce-limit-info")).toBeNull();
    const identity = await wire.call("GET", "/id/00D000000000001AAA/005000000000001AAA");
    expect(identity.json).toMatchObject({ organization_id: "00D000000000001AAA" });
    expect((await wire.call("GET", "/id/00D000000000001AAA/005000000000002AAA")).status).toBe(403);
  });

  it("forgets a token that is revoked", async () => {
    const issued = String((await jwt()).at("access_token"));
    const headers = { authorization: `Bearer ${issued}` };
    expect((await wire.form("/services/oauth2/revoke", { token: issued })).status).toBe(200);
    expect((await wire.call("GET", "data:/limits", undefined, headers)).status).toBe(401);
  });
});
