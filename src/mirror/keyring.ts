import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { ConfigError, SealBrokenError } from "../core/errors.ts";
import { parseSecretKeys, SECRET_KEY_FORM } from "../core/secret-key.ts";

/** Encrypted bytes as they stand in the store, and the key that they need. */
export interface Sealed {
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** The keys of RIPELINE_SECRET_KEY at work: AES-256-GCM, a fresh nonce each time. */
export interface Keyring {
  /** Tells keys apart and tells nothing about them. */
  readonly currentId: string;
  /** @param place what the bytes belong to; they open nowhere else */
  seal(plain: Uint8Array, place: Place): Sealed;
  /**
   * @throws ConfigError where they were sealed with a key that is not here; SealBrokenError where they were damaged, or
   *   brought here from another place
   */
  open(sealed: Sealed, place: Place): Buffer;
}

/** Workspace and what in it, down to one cell. */
export type Place = readonly [workspaceId: string, ...rest: readonly string[]];

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OVERHEAD = 1 + NONCE_BYTES + TAG_BYTES;

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * @param text RIPELINE_SECRET_KEY: the first key seals, all of them open
 * @param need what it is needed for, where it is missing: "the sign-in of this connection"
 * @throws ConfigError where it is missing or has another form
 */
export function openKeyring(text: string | undefined, need: string): Keyring {
  if (text === undefined) {
    throw new ConfigError(
      `RIPELINE_SECRET_KEY is missing: ${need} is kept encrypted, or not at all. Set it to ${SECRET_KEY_FORM}.`,
    );
  }
  const keys = parseSecretKeys(text)?.map(derive);
  const current = keys?.[0];
  if (keys === undefined || current === undefined) {
    throw new ConfigError(`RIPELINE_SECRET_KEY: expected ${SECRET_KEY_FORM}.`);
  }
  return {
    currentId: current.id,
    seal: (plain, place) => ({ keyId: current.id, bytes: encrypt(plain, current, place) }),
    open: (sealed, place) => {
      const key = keys.find(({ id }) => id === sealed.keyId);
      if (key === undefined) {
        throw new ConfigError(
          `RIPELINE_SECRET_KEY: ${need} was sealed with key ${sealed.keyId}; here is ${keys.map(({ id }) => id).join(" and ")}. ` +
            "Put that key back, behind a comma if it was replaced; where it is lost, run `ripeline connect` again.",
        );
      }
      return decrypt(sealed.bytes, key, place, need);
    },
  };
}

/** Another key for each purpose, so that the id gives nothing of the one that seals away. */
function derive(secret: Buffer): Key {
  const part = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync("sha256", secret, "", `ripeline ${purpose} v1`, bytes));
  return { id: part("key id", 6).toString("hex"), bytes: part("seal", 32) };
}

function bindTo(place: Place, key: Key): Buffer {
  return Buffer.from(JSON.stringify(["ripeline", FORMAT, key.id, ...place]), "utf8");
}

function encrypt(plain: Uint8Array, key: Key, place: Place): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce).setAAD(bindTo(place, key));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), body]);
}

function decrypt(sealed: Uint8Array, key: Key, place: Place, need: string): Buffer {
  const bytes = Buffer.from(sealed);
  if (bytes.length < OVERHEAD || bytes[0] !== FORMAT) throw broken(need);
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: TAG_BYTES })
    .setAAD(bindTo(place, key))
    .setAuthTag(bytes.subarray(1 + NONCE_BYTES, OVERHEAD));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(OVERHEAD)), decipher.final()]);
  } catch {
    throw broken(need);
  }
}

function broken(need: string): SealBrokenError {
  return new SealBrokenError(
    `The store's copy of ${need} is damaged, or was copied there from another workspace or connection: its key is here, ` +
      "and the seal is broken. Restore the store, or run `ripeline connect` again.",
  );
}
