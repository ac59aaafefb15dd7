const KEY_BYTES = 32;
/** Random bytes hold about thirty different ones; a placeholder holds a few. */
const LEAST_DIFFERENT_BYTES = 16;

/** For messages: what RIPELINE_SECRET_KEY must look like, and how to get one. */
export const SECRET_KEY_FORM =
  "32 random bytes as base64 (44 characters) or hex (64), such as `openssl rand -base64 32` prints; while a key is being " +
  "replaced, the new one, a comma and the old one";

/**
 * The keys of RIPELINE_SECRET_KEY, the one that seals first; null where the text has another form.
 */
export function parseSecretKeys(text: string): readonly Buffer[] | null {
  const keys = text.split(",").map((each) => decode(each.trim()));
  return keys.every((key) => key !== null) ? keys : null;
}

function decode(text: string): Buffer | null {
  const isHex = /^[0-9a-f]{64}$/i.test(text);
  if (!isHex && !/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null;
  // Node reads both alphabets of base64.
  const key = Buffer.from(text, isHex ? "hex" : "base64");
  return key.length === KEY_BYTES && new Set(key).size >= LEAST_DIFFERENT_BYTES ? key : null;
}
