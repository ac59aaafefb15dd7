import { describe, expect, it } from "vitest";
import { redact } from "../../../connectors/shared/redact.ts";

describe("redact", () => {
  it.each([
    ["a session id", "Session 00D000000000001EAA!AQ0.x_y expired", "Session (token) expired"],
    ["a JWT", "bad eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln here", "bad (token) here"],
    ["a private app's token", "token pat-eu1-0a1b2c3d-11aa was used", "token (token) was used"],
    ["a bearer header", "Authorization: Bearer abc123", "Authorization: Bearer (token)"],
    ["form secrets", "client_secret=s3cret&assertion=xyz", "client_secret=(hidden)&assertion=(hidden)"],
    ["a refresh token", "token 5Aep861abc.DEF_1 is void", "token (token) is void"],
    ["a sign-in's code", "GET /callback?code=aPrxSecret&state=x", "GET /callback?code=(hidden)&state=x"],
    ["a key", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- rest", "(key) rest"],
    ["an e-mail address", "duplicate: <Jane.Doe@acme.example>", "duplicate: <(e-mail)>"],
  ])("masks %s", (_, text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it("keeps a vendor's sentence and folds its lines", () => {
    expect(redact("No such column 'X'\n  on entity 'Lead'")).toBe("No such column 'X' on entity 'Lead'");
  });

  it("cuts at 300 characters", () => {
    expect(redact("x ".repeat(400))).toHaveLength(301);
  });
});
