import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { AuthError, ConfigError, SealBrokenError, TransientHttpError } from "../../src/core/errors.ts";
import type { GrantRefresh, SharedGrants, TokenGrant } from "../../src/core/grants.ts";
import { sql } from "../../src/database/sql.ts";
import { readEmailKey, resealEmailKey } from "../../src/mirror/email-key.ts";
import { openKeyring } from "../../src/mirror/keyring.ts";
import {
  deleteGrant,
  hasGrant,
  resealGrant,
  saveGrant,
  storedGrants,
} from "../../src/mirror/stored-grant.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

const key = { workspaceId: "w", connectionId: "salesforce" };
const secretKey = randomBytes(32).toString("base64");
const first: TokenGrant = {
  loginUrl: "https://login.salesforce.com",
  clientId: "3MVG9",
  instanceUrl: "https://acme.my.salesforce.com",
  accessToken: "a1",
  refreshToken: "r1",
};

let store: TestDatabase;
beforeAll(async () => {
  store = await openTestDatabase();
});
afterAll(() => store.close());
beforeEach(() => store.empty());

const save = (grant = first, at = key): Promise<void> =>
  saveGrant(store.database, at, openKeyring(secretKey, "it"), grant);
const open = (secret: string | undefined = secretKey, at = key): SharedGrants =>
  storedGrants({ db: store.database, key: at, secretKey: secret, leaseMs: 5_000 });

/** An org that rotates: refuses a refresh token that it has seen, and counts. */
function rotating(): {
  readonly refresh: GrantRefresh;
  readonly seen: string[];
  readonly lost: (Date | null)[];
} {
  const seen: string[] = [];
  const lost: (Date | null)[] = [];
  return {
    seen,
    lost,
    refresh: async (grant, lostSince) => {
      lost.push(lostSince);
      if (seen.includes(grant.refreshToken))
        throw new AuthError("salesforce", "expired access/refresh token");
      seen.push(grant.refreshToken);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const next = seen.length + 1;
      return { ...grant, accessToken: `a${next}`, refreshToken: `r${next}` };
    },
  };
}

describe("a stored grant", () => {
  test("is refreshed once however many ask, and all get the same", async () => {
    await save();
    const org = rotating();
    const got = await Promise.all(
      [open(), open(), open()].flatMap((grants) => [
        grants.renewed("a1", org.refresh),
        grants.renewed("a1", org.refresh),
      ]),
    );
    expect(new Set(got.map(({ accessToken }) => accessToken))).toEqual(new Set(["a2"]));
    expect(org.seen).toEqual(["r1"]);
    // One that still has the first token later takes the second; the second refused, it refreshes with what was stored.
    expect((await open().renewed("a1", org.refresh)).accessToken).toBe("a2");
    expect((await open().renewed("a2", org.refresh)).refreshToken).toBe("r3");
    expect(org.seen).toEqual(["r1", "r2"]);
    expect(org.lost).toEqual([null, null]);
  });

  test("after a refresh of unknown end is refreshed again with the same token, and says since when", async () => {
    await save();
    const broken: GrantRefresh = () =>
      Promise.reject(new TransientHttpError("salesforce", "cut off", undefined));
    await expect(open().renewed("a1", broken)).rejects.toThrow("cut off");
    const org = rotating();
    expect((await open().renewed("a1", org.refresh)).accessToken).toBe("a2");
    expect(org.lost).toEqual([expect.any(Date)]);
    await open().renewed("a2", org.refresh);
    expect(org.lost[1]).toBeNull();
  });

  test("that the org refuses stays as it is, and the refusal is no refresh of unknown end", async () => {
    await save();
    const refusing: GrantRefresh = () => Promise.reject(new AuthError("salesforce", "no"));
    await expect(open().renewed("a1", refusing)).rejects.toThrow(AuthError);
    const org = rotating();
    await open().renewed("a1", org.refresh);
    expect(org.lost).toEqual([null]);
  });

  test("that somebody replaces meanwhile is the new one", async () => {
    await save();
    const second = { ...first, accessToken: "b1", refreshToken: "s1" };
    const got = await open().renewed("a1", async (grant) => {
      await save(second);
      return { ...grant, accessToken: "a2", refreshToken: "r2" };
    });
    expect(got).toEqual(second);
    expect(await open().newest()).toEqual(second);
  });

  test("is the newest after each sign-in, and gone when it is deleted", async () => {
    await save();
    expect(await open().newest()).toEqual(first);
    expect(await hasGrant(store.database, key)).toBe(true);
    expect(await deleteGrant(store.database, key)).toBe(true);
    expect(await deleteGrant(store.database, key)).toBe(false);
    await expect(open().newest()).rejects.toThrow(/Nobody is signed in.*connect salesforce/);
  });

  test("opens with its key only, in its connection only, and tells a wrong key from damage", async () => {
    await save();
    const other = randomBytes(32).toString("base64");
    await expect(open(other).newest()).rejects.toThrow(ConfigError);
    await expect(open(other).newest()).rejects.toThrow(/sealed with key [0-9a-f]{12}; here is [0-9a-f]{12}/);
    await expect(
      storedGrants({ db: store.database, key, secretKey: undefined, leaseMs: 1 }).newest(),
    ).rejects.toThrow(/RIPELINE_SECRET_KEY is missing/);
    const sandbox = { ...key, connectionId: "sandbox" };
    await store.database.execute(sql`
      insert into mirror.credential
      select workspace_id, 'sandbox', key_id, sealed, generation, connected_at from mirror.credential`);
    await expect(open(secretKey, sandbox).newest()).rejects.toThrow(SealBrokenError);
    await store.database.execute(
      sql`update mirror.credential set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)`,
    );
    await expect(open().newest()).rejects.toThrow(SealBrokenError);
  });
});

describe("a new RIPELINE_SECRET_KEY", () => {
  test("takes over with the old one behind it; then the old one opens nothing, and e-mail hashes stay", async () => {
    const fresh = randomBytes(32).toString("base64");
    await save();
    const hashes = await readEmailKey(store.database, "w", secretKey);
    const both = openKeyring(`${fresh},${secretKey}`, "it");
    await store.database.transaction(async (tx) => {
      expect(await resealGrant(tx, key, both)).toBe(true);
      expect(await resealEmailKey(tx, "w", both)).toBe(true);
    });
    expect(await open(fresh).newest()).toEqual(first);
    expect(await readEmailKey(store.database, "w", fresh)).toEqual(hashes);
    await expect(open(secretKey).newest()).rejects.toThrow(ConfigError);
    await expect(readEmailKey(store.database, "w", secretKey)).rejects.toThrow(ConfigError);
  });

  test("without the old one changes nothing", async () => {
    await save();
    const fresh = openKeyring(randomBytes(32).toString("base64"), "it");
    await expect(store.database.transaction((tx) => resealGrant(tx, key, fresh))).rejects.toThrow(
      ConfigError,
    );
    expect(await open().newest()).toEqual(first);
  });
});

describe("the key of e-mail hashes", () => {
  const Stored = z.object({ key_bytes: z.instanceof(Uint8Array), key_id: z.string().nullable() });
  const stored = () => store.database.one(Stored, sql`select key_bytes, key_id from mirror.workspace_key`);

  test("is random where there is no RIPELINE_SECRET_KEY, another in each workspace", async () => {
    const one = await readEmailKey(store.database, "w", undefined);
    expect(await readEmailKey(store.database, "w", undefined)).toEqual(one);
    expect(await readEmailKey(store.database, "v", undefined)).not.toEqual(one);
  });

  test("is sealed as soon as there is one, stays the same, and is not made up anew when it is gone", async () => {
    const before = await readEmailKey(store.database, "w", undefined);
    const { key_bytes: plain } = await stored();
    expect(await readEmailKey(store.database, "w", secretKey)).toEqual(before);
    const sealed = await stored();
    expect(sealed.key_id).toMatch(/^[0-9a-f]{12}$/);
    expect(Buffer.from(sealed.key_bytes).includes(Buffer.from(plain))).toBe(false);
    expect(await readEmailKey(store.database, "w", secretKey)).toEqual(before);
    await expect(readEmailKey(store.database, "w", undefined)).rejects.toThrow(
      /RIPELINE_SECRET_KEY is missing/,
    );
  });
});
