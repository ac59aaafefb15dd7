import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { type Keyring, openKeyring, type Place } from "./keyring.ts";

/** The two padded keys of HMAC-SHA256, so that the database can hash addresses with its own sha256. */
export interface EmailKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

const BLOCK_BYTES = 64;

/** Pads of HMAC (RFC 2104) for a key of any length. */
export function emailKey(secret: Buffer): EmailKey {
  const key = secret.length > BLOCK_BYTES ? createHash("sha256").update(secret).digest() : secret;
  const block = Buffer.concat([key], BLOCK_BYTES);
  const padded = (pad: number): Buffer => Buffer.from(block.map((byte) => byte ^ pad));
  return { inner: padded(0x36), outer: padded(0x5c) };
}

const KeyRow = z.object({ key_bytes: z.instanceof(Uint8Array), key_id: z.string().nullable() });

const NEED = "the key of this workspace's e-mail hashes";

const placeOf = (workspaceId: string): Place => [workspaceId, "e-mail key"];

function readRow(db: Queries, workspaceId: string): Promise<z.infer<typeof KeyRow> | undefined> {
  return db.maybeOne(
    KeyRow,
    sql`select key_bytes, key_id from mirror.workspace_key where workspace_id = ${workspaceId}`,
  );
}

/**
 * The workspace's key for e-mail hashes, made at first use and kept for good: with another one nobody would be found
 * again. It is sealed under RIPELINE_SECRET_KEY; without that it stands in the store as it is, and is sealed as soon as
 * there is one. A store made with RIPELINE_SECRET_KEY starts from a key that follows from it.
 * @throws ConfigError where it was sealed and RIPELINE_SECRET_KEY is missing or another; SealBrokenError
 */
export async function readEmailKey(
  db: Queries,
  workspaceId: string,
  secretKey: string | undefined,
): Promise<EmailKey> {
  const row = (await readRow(db, workspaceId)) ?? (await makeKey(db, workspaceId, secretKey));
  if (row.key_id === null && secretKey === undefined) return emailKey(Buffer.from(row.key_bytes));
  const keyring = openKeyring(secretKey, NEED);
  const place = placeOf(workspaceId);
  if (row.key_id !== null) {
    return emailKey(keyring.open({ keyId: row.key_id, bytes: row.key_bytes }, place));
  }
  const { keyId, bytes } = keyring.seal(row.key_bytes, place);
  await db.execute(sql`
    update mirror.workspace_key set key_bytes = ${bytes}, key_id = ${keyId}
    where workspace_id = ${workspaceId} and key_id is null`);
  return emailKey(Buffer.from(row.key_bytes));
}

async function makeKey(
  db: Queries,
  workspaceId: string,
  secretKey: string | undefined,
): Promise<z.infer<typeof KeyRow>> {
  if (secretKey === undefined) {
    await insertKey(db, workspaceId, randomBytes(32), null);
  } else {
    const [first = ""] = secretKey.split(",");
    const bytes = createHash("sha256").update("ripeline e-mail identity\0").update(first.trim()).digest();
    const sealed = openKeyring(secretKey, NEED).seal(bytes, placeOf(workspaceId));
    await insertKey(db, workspaceId, sealed.bytes, sealed.keyId);
  }
  // Another process may have been first.
  return db.one(
    KeyRow,
    sql`select key_bytes, key_id from mirror.workspace_key where workspace_id = ${workspaceId}`,
  );
}

async function insertKey(
  db: Queries,
  workspaceId: string,
  bytes: Uint8Array,
  keyId: string | null,
): Promise<void> {
  await db.execute(sql`
    insert into mirror.workspace_key (workspace_id, key_bytes, key_id)
    values (${workspaceId}, ${bytes}, ${keyId})
    on conflict (workspace_id) do nothing`);
}

/**
 * Seals the key anew under the first key of RIPELINE_SECRET_KEY.
 * @returns whether there was one; the hashes stay as they are
 */
export async function resealEmailKey(db: Queries, workspaceId: string, keyring: Keyring): Promise<boolean> {
  const row = await readRow(db, workspaceId);
  if (row === undefined) return false;
  const place = placeOf(workspaceId);
  const plain =
    row.key_id === null ? row.key_bytes : keyring.open({ keyId: row.key_id, bytes: row.key_bytes }, place);
  const { keyId, bytes } = keyring.seal(plain, place);
  await db.execute(sql`
    update mirror.workspace_key set key_bytes = ${bytes}, key_id = ${keyId} where workspace_id = ${workspaceId}`);
  return true;
}
