import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigError, SealBrokenError } from "../../src/core/errors.ts";
import { parseSecretKeys } from "../../src/core/secret-key.ts";
import { openKeyring } from "../../src/mirror/keyring.ts";

const newKey = (): string => randomBytes(32).toString("base64");
const place = ["w", "salesforce", "credential"] as const;
const plain = Buffer.from("5Aep861.refresh.token");

describe("RIPELINE_SECRET_KEY", () => {
  test("is 32 random bytes as base64, base64url or hex, or two of them", () => {
    const key = randomBytes(32);
    for (const form of ["base64", "base64url", "hex"] as const) {
      expect(parseSecretKeys(key.toString(form))).toEqual([key]);
    }
    expect(parseSecretKeys(`${newKey()}, ${key.toString("hex")}`)?.[1]).toEqual(key);
  });

  test.each([
    ["a word", "changeme"],
    ["31 bytes", randomBytes(31).toString("base64")],
    ["33 bytes", randomBytes(33).toString("base64")],
    ["a placeholder of the right length", Buffer.alloc(32, "ab").toString("base64")],
    ["nothing after the comma", `${newKey()},`],
    ["words of the right length", "correct horse battery staple correct horse b"],
  ])("is not %s", (_, text) => {
    expect(parseSecretKeys(text)).toBeNull();
    expect(() => openKeyring(text, "it")).toThrow(ConfigError);
    expect(() => openKeyring(text, "it")).not.toThrow(text.slice(0, 8));
  });

  test("that is missing is named, with a way to make one", () => {
    expect(() => openKeyring(undefined, "the sign-in")).toThrow(
      /RIPELINE_SECRET_KEY is missing: the sign-in .*`openssl rand -base64 32/,
    );
  });
});

describe("what is sealed", () => {
  test("opens with its key in its place, and shows nothing of itself", () => {
    const ring = openKeyring(newKey(), "it");
    const sealed = ring.seal(plain, place);
    expect(ring.open(sealed, place)).toEqual(plain);
    expect(Buffer.from(sealed.bytes).includes(plain.subarray(0, 6))).toBe(false);
    expect(sealed.bytes).toHaveLength(29 + plain.length);
    // A nonce used twice would give away both texts.
    expect(ring.seal(plain, place).bytes).not.toEqual(sealed.bytes);
  });

  test("says which key it needs when another one is here", () => {
    const sealed = openKeyring(newKey(), "it").seal(plain, place);
    const other = openKeyring(newKey(), "the sign-in");
    expect(() => other.open(sealed, place)).toThrow(ConfigError);
    expect(() => other.open(sealed, place)).toThrow(
      new RegExp(`the sign-in was sealed with key ${sealed.keyId}; here is ${other.currentId}`),
    );
  });

  test("opens with the old key behind the new one, which seals from then on", () => {
    const [old, fresh] = [newKey(), newKey()];
    const sealed = openKeyring(old, "it").seal(plain, place);
    const both = openKeyring(`${fresh},${old}`, "it");
    expect(both.open(sealed, place)).toEqual(plain);
    expect(both.seal(plain, place).keyId).toBe(openKeyring(fresh, "it").currentId);
  });

  test("is damaged when any byte is, and when it is short", () => {
    const ring = openKeyring(newKey(), "it");
    const { keyId, bytes } = ring.seal(plain, place);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => ring.open({ keyId, bytes: changed }, place)).toThrow(SealBrokenError);
    }
    expect(() => ring.open({ keyId, bytes: bytes.slice(0, 20) }, place)).toThrow(SealBrokenError);
  });

  test.each([
    ["another workspace", ["v", "salesforce", "credential"]],
    ["another connection", ["w", "sandbox", "credential"]],
    ["another cell", ["w", "salesforce", "e-mail key"]],
    ["a place that reads the same when joined", ["w", "salesforcecredential"]],
  ] as const)("does not open in %s", (_, [workspace, ...rest]) => {
    const ring = openKeyring(newKey(), "it");
    expect(() => ring.open(ring.seal(plain, place), [workspace, ...rest])).toThrow(SealBrokenError);
  });

  test("has a key id that is none of the key", () => {
    const key = randomBytes(32);
    const ring = openKeyring(key.toString("base64"), "it");
    expect(key.toString("hex")).not.toContain(ring.currentId);
    expect(ring.currentId).toMatch(/^[0-9a-f]{12}$/);
  });
});
