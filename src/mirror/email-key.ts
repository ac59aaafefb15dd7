import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

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

const KeyRow = z.object({ key_bytes: z.instanceof(Uint8Array) });

/**
 * The workspace's key for e-mail hashes: derived from RIPELINE_SECRET_KEY where it is set, else a random one made at
 * first use and kept in the store.
 */
export async function readEmailKey(
  db: Database,
  workspaceId: string,
  secretKey: string | undefined,
): Promise<EmailKey> {
  if (secretKey !== undefined) {
    return emailKey(createHash("sha256").update("ripeline e-mail identity\0").update(secretKey).digest());
  }
  await db.execute(sql`
    insert into mirror.workspace_key (workspace_id, key_bytes)
    values (${workspaceId}, ${randomBytes(32)})
    on conflict (workspace_id) do nothing`);
  const row = await db.one(
    KeyRow,
    sql`select key_bytes from mirror.workspace_key where workspace_id = ${workspaceId}`,
  );
  return emailKey(Buffer.from(row.key_bytes));
}
