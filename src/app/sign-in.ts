import { signIns } from "../../connectors/registry.ts";
import { holdsKey, signInApp } from "../config/environment.ts";
import { readSettings } from "../config/read-settings.ts";
import { ConfigError } from "../core/errors.ts";
import type { OrgIdentity } from "../core/ports.ts";
import { resealEmailKey } from "../mirror/email-key.ts";
import { openKeyring } from "../mirror/keyring.ts";
import { deleteGrant, GRANT_NEED, resealGrant, saveGrant } from "../mirror/stored-grant.ts";
import { openPinned } from "./connection.ts";
import { type AppOptions, environmentOf, type Parts } from "./parts.ts";
import { settle } from "./turns.ts";

/** A sign-in of this process that waits for a browser. */
export type SignIn = Awaited<ReturnType<(typeof signIns)["salesforce"]["begin"]>>;

/** What the browser brought back; worth nothing after one use. */
export type SignInCode = Parameters<(typeof signIns)["salesforce"]["redeem"]>[0];

/** Which org the connection belongs to now, and how it signs in. */
export interface Connected extends OrgIdentity {
  readonly by: "environment" | "browser";
}

/** What was sealed anew under the first key of RIPELINE_SECRET_KEY. */
export interface Resealed {
  readonly keyId: string;
  readonly grant: boolean;
  readonly emailKey: boolean;
}

/**
 * Begins a sign-in with a browser, in the process that somebody looks at: it needs no store.
 * @returns also the key under which the store's process must keep what comes of it
 * @throws ConfigError where the app is not named, RIPELINE_SECRET_KEY is missing, or a key of the environment would be
 *   used in place of the sign-in
 */
export async function beginSignIn(
  options: AppOptions,
  { port, timeoutMs }: { readonly port: number; readonly timeoutMs: number },
): Promise<SignIn & { readonly keyId: string }> {
  const environment = environmentOf(options);
  const { allowedHosts } = readSettings(options.configFile).connections.salesforce;
  const { currentId: keyId } = openKeyring(environment.RIPELINE_SECRET_KEY, GRANT_NEED);
  if (holdsKey(environment)) {
    throw new ConfigError(
      "SALESFORCE_USERNAME, SALESFORCE_PRIVATE_KEY_FILE or SALESFORCE_ACCESS_TOKEN is set: it would be used in place of " +
        "the sign-in. Unset it, or run `ripeline connect salesforce` without --browser to use it.",
    );
  }
  const { loginUrl, clientId } = signInApp(environment);
  const begun = await signIns.salesforce.begin({
    clientId,
    allowedHosts,
    port,
    timeoutMs,
    ...(loginUrl === undefined ? {} : { loginUrl }),
  });
  return { ...begun, keyId };
}

/** What `connect` is to do where nobody says: check a key of the environment where there is one, else ask a browser. */
export function prefersBrowser(options: AppOptions): boolean {
  const environment = environmentOf(options);
  return (
    !holdsKey(environment) &&
    environment.SALESFORCE_CLIENT_ID !== undefined &&
    environment.SALESFORCE_CLIENT_SECRET === undefined
  );
}

/** Tells which key of RIPELINE_SECRET_KEY comes first. @throws ConfigError where it is missing */
export function firstKeyId(options: AppOptions): string {
  return openKeyring(environmentOf(options).RIPELINE_SECRET_KEY, "what the store keeps encrypted").currentId;
}

/** Keeps what a browser brought back, or, where it brought nothing, checks the key of the environment. */
export async function connectStep(
  parts: Parts,
  signedIn: (SignInCode & { readonly keyId: string }) | null,
): Promise<Connected> {
  const { environment, store, key, allowedHosts } = parts;
  if (signedIn === null) {
    const { connection, identity } = await openPinned(parts);
    await connection.close();
    await deleteGrant(store, key);
    await signInAnew(parts);
    return { ...identity, by: "environment" };
  }
  const keyring = openKeyring(environment.RIPELINE_SECRET_KEY, GRANT_NEED);
  const app = signInApp(environment);
  if (holdsKey(environment) || app.clientId !== signedIn.clientId || keyring.currentId !== signedIn.keyId) {
    throw otherSettings();
  }
  const grant = await signIns.salesforce.redeem(signedIn, {
    allowedHosts,
    ...(app.clientSecret === undefined ? {} : { clientSecret: app.clientSecret }),
  });
  try {
    const { instanceUrl, accessToken } = grant;
    const { connection, identity } = await openPinned(parts, { session: { instanceUrl, accessToken } });
    await connection.close();
    await saveGrant(store, key, keyring, grant);
    await signInAnew(parts);
    return { ...identity, by: "browser" };
  } catch (error) {
    await signIns.salesforce.giveBack(grant);
    throw error;
  }
}

/** What is under way goes on with the session it has. */
async function signInAnew(parts: Parts): Promise<void> {
  await settle(parts);
  parts.connect.forget();
}

/** Seals anew, under the first key, what the store keeps encrypted. @throws ConfigError where this process has another first key */
export async function rotateKeyStep({ environment, store, key }: Parts, keyId: string): Promise<Resealed> {
  const keyring = openKeyring(environment.RIPELINE_SECRET_KEY, "what the store keeps encrypted");
  if (keyring.currentId !== keyId) throw otherSettings();
  return store.transaction(async (tx) => ({
    keyId,
    grant: await resealGrant(tx, key, keyring),
    emailKey: await resealEmailKey(tx, key.workspaceId, keyring),
  }));
}

function otherSettings(): ConfigError {
  return new ConfigError(
    "The process that holds the store (`ripeline start`) was started with other variables than this one. Nothing was " +
      "changed. Stop it, run this again, and start it.",
  );
}
