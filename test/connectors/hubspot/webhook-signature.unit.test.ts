import { createHmac } from "node:crypto";
import { Signature } from "@hubspot/api-client";
import { describe, expect, test, vi } from "vitest";
import {
  type SignedRequest,
  signatureFault,
  signedUri,
} from "../../../connectors/hubspot/webhook-signature.ts";

const SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const URL_OF_HOOK = "https://www.example.com/webhook_uri";
const AT = 1_790_000_001_000;

/**
 * Made with openssl, not with our code:
 * printf '%s' 'POSThttps://www.example.com/webhook_uri[{"eventId":1}]1790000001000' |
 *   openssl dgst -sha256 -hmac yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy -binary | base64
 */
const PLAIN = "pN4bDgcQrYduGtiVp6MXAnU2YXhNei9v0rjhJCN3Zss=";
/** The same over `[{"propertyValue":"Zoë €"}]` (UTF-8). */
const UTF8 = "RYHLr25v1yuwmbagGxHgXCIIOwRb+n2E653PS2A6PsE=";
/** The same over '[]' at `https://www.example.com/hook?a=b:c/d(e)%20f`, called as `...?a=b%3Ac%2fd%28e%29%20f`. */
const ESCAPED = "a72Ul8F8jqqcVnofSKy9ITZzaxhIdkHo7CwCj025wbw=";

function request(
  change: Partial<SignedRequest> = {},
  signature = PLAIN,
  timestamp = String(AT),
): SignedRequest {
  return {
    method: "POST",
    url: URL_OF_HOOK,
    body: Buffer.from('[{"eventId":1}]'),
    headers: { "x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": timestamp },
    ...change,
  };
}
const now = new Date(AT + 1_000);
const sign = (text: string) => createHmac("sha256", SECRET).update(text).digest("base64");

describe("a webhook's signature", () => {
  test("is HubSpot's where openssl makes the same one", () => {
    expect(signatureFault(request(), SECRET, now)).toBeNull();
  });

  test("covers the bytes of the body, in UTF-8", () => {
    const body = Buffer.from('[{"propertyValue":"Zoë €"}]');
    expect(signatureFault(request({ body }, UTF8), SECRET, now)).toBeNull();
    const latin1 = Buffer.from('[{"propertyValue":"Zoë"}]', "latin1");
    expect(signatureFault(request({ body: latin1 }, UTF8), SECRET, now)).toBe("wrong");
  });

  test("undoes the twelve escapes of HubSpot's list in the address and no other", () => {
    const url = "https://www.example.com/hook?a=b%3Ac%2fd%28e%29%20f";
    expect(signatureFault(request({ url, body: Buffer.from("[]") }, ESCAPED), SECRET, now)).toBeNull();
    expect(signedUri("/%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B%20%26%3D%25")).toBe("/:/?@!$'()*,;%20%26%3D%25");
  });

  test("is found whatever the case of the headers' names", () => {
    const headers = { "X-HubSpot-Signature-V3": PLAIN, "X-HUBSPOT-REQUEST-TIMESTAMP": String(AT) };
    expect(signatureFault(request({ headers }), SECRET, now)).toBeNull();
  });

  test("is wrong when anything it covers is another", () => {
    const others: readonly (readonly [string, SignedRequest, string])[] = [
      ["method", request({ method: "PUT" }), SECRET],
      ["scheme", request({ url: URL_OF_HOOK.replace("https", "http") }), SECRET],
      ["slash", request({ url: `${URL_OF_HOOK}/` }), SECRET],
      ["body", request({ body: Buffer.from('[{"eventId":2}]') }), SECRET],
      ["timestamp", request({}, PLAIN, String(AT + 1)), SECRET],
      ["secret", request(), `${SECRET}y`],
      ["length", request({}, PLAIN.slice(0, 20)), SECRET],
      ["empty", request({}, ""), SECRET],
    ];
    for (const [what, other, secret] of others) {
      expect(signatureFault(other, secret, now), what).toBe("wrong");
    }
  });

  test("lives for five minutes, before and after", () => {
    // 300,000 ms are five minutes: that long is still good.
    expect(signatureFault(request(), SECRET, new Date(AT + 300_000))).toBeNull();
    expect(signatureFault(request(), SECRET, new Date(AT + 300_001))).toBe("too_old");
    expect(signatureFault(request(), SECRET, new Date(AT - 300_000))).toBeNull();
    expect(signatureFault(request(), SECRET, new Date(AT - 300_001))).toBe("too_old");
  });

  test("is none without both headers, with two of one, or with a timestamp that is no number", () => {
    expect(signatureFault(request({ headers: {} }), SECRET, now)).toBe("unsigned");
    const old = { "x-hubspot-signature": "0a", "x-hubspot-signature-version": "v1" };
    expect(signatureFault(request({ headers: old }), SECRET, now)).toBe("unsigned");
    const twice = { "x-hubspot-signature-v3": [PLAIN, PLAIN], "x-hubspot-request-timestamp": String(AT) };
    expect(signatureFault(request({ headers: twice }), SECRET, now)).toBe("unsigned");
    const unstamped = { "x-hubspot-signature-v3": PLAIN };
    expect(signatureFault(request({ headers: unstamped }), SECRET, now)).toBe("no_timestamp");
    // Signed by the right secret: HubSpot's own library takes this one, whose age is no number.
    const text = `POST${URL_OF_HOOK}[{"eventId":1}]abc`;
    expect(signatureFault(request({}, sign(text), "abc"), SECRET, now)).toBe("no_timestamp");
  });

  test("agrees with HubSpot's own library, a second opinion", () => {
    vi.useFakeTimers({ now });
    const asLibrary = (signature: string) =>
      Signature.isValid({
        signature,
        clientSecret: SECRET,
        requestBody: '[{"eventId":1}]',
        url: URL_OF_HOOK,
        method: "POST",
        signatureVersion: "v3",
        timestamp: AT,
      });
    expect(asLibrary(PLAIN)).toBe(true);
    expect(asLibrary(UTF8)).toBe(false);
    vi.useRealTimers();
  });
});
