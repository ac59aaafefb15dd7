import { createHmac, timingSafeEqual } from "node:crypto";
import { MINUTE_MS } from "../../src/core/time.ts";

/** A request as it came in; nothing of it is trusted. */
export interface SignedRequest {
  readonly method: string;
  /** The address that HubSpot called, whole, as the app's webhook settings have it. */
  readonly url: string;
  /** The body's bytes as they came; parsed and written again it would be another body. */
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Why a request is not taken for HubSpot's. */
export type SignatureFault = "unsigned" | "no_timestamp" | "too_old" | "wrong";

const SIGNATURE = "x-hubspot-signature-v3";
const TIMESTAMP = "x-hubspot-request-timestamp";
/** In both directions: a clock of ours that lags must not refuse everything, and one stamp must not live for years. */
const MAX_AGE_MS = 5 * MINUTE_MS;

/** The escapes that HubSpot undoes before it signs; every other one stays, `%20` too. */
const UNDONE = /%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

/** The address as HubSpot signs it. */
export function signedUri(url: string): string {
  return url.replace(UNDONE, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/**
 * Whether a request carries a signature of version 3 of this app's: base64 of HMAC-SHA256, keyed by the client secret,
 * over method, address, body and timestamp, with nothing between them. Compared in constant time. Versions 1 and 2 have
 * no timestamp and are not taken.
 * @param now ours: the stamp is the moment of sending, each retry has its own
 * @returns null where it is HubSpot's
 * @see https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
 */
export function signatureFault(
  request: SignedRequest,
  clientSecret: string,
  now: Date,
): SignatureFault | null {
  const signature = header(request, SIGNATURE);
  const timestamp = header(request, TIMESTAMP);
  if (signature === null) return "unsigned";
  // Anything but digits would make the age no number, and no number is not too old.
  if (timestamp === null || !/^\d{13}$/.test(timestamp)) return "no_timestamp";
  if (Math.abs(now.getTime() - Number(timestamp)) > MAX_AGE_MS) return "too_old";
  const expected = createHmac("sha256", clientSecret)
    .update(`${request.method}${signedUri(request.url)}`)
    .update(request.body)
    .update(timestamp)
    .digest();
  const given = Buffer.from(signature, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected) ? null : "wrong";
}

/** The one value of a header, whatever its case; null where there is none, or several. */
function header({ headers }: SignedRequest, name: string): string | null {
  const values = Object.entries(headers).flatMap(([key, value]) =>
    key.toLowerCase() === name && value !== undefined ? value : [],
  );
  return values.length === 1 ? (values[0] ?? null) : null;
}
