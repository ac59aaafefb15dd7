import { signIns } from "../../connectors/registry.ts";
import { holdsKey, hubspotApp, signInApp } from "../config/environment.ts";
import { readSettings } from "../config/read-settings.ts";
import { ConfigError, type CrmName } from "../core/errors.ts";
import type { TokenGrant } from "../core/grants.ts";
import type { OrgIdentity } from "../core/ports.ts";
import { resealEmailKey } from "../mirror/email-key.ts";
import { openKeyring } from "../mirror/keyring.ts";
import { deleteGrant, GRANT_NEED, resealGrant, saveGrant } from "../mirror/stored-grant.ts";
import { openPinned } from "./connection.ts";
import { type AppOptions, environmentOf, type Parts, type Workspace } from "./parts.ts";
import { settle } from "./turns.ts";

/** A sign-in of this process that waits for a browser. */
export interface SignIn {
  /** For the browser; holds no secret. */
  readonly address: string;
  /** Waits for the browser. @throws AuthError where somebody said no; TimedOutError; the reason of `signal` */
  finished(signal?: AbortSignal): Promise<SignInCode>;
  close(): Promise<void>;
}

/** What the browser brought back; worth nothing after one use. */
export type SignInCode =
  | Parameters<(typeof signIns)["salesforce"]["redeem"]>[0]
  | Parameters<(typeof signIns)["hubspot"]["redeem"]>[0];

/** Which org or portal the connection belongs to now, and how it signs in. */
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
  {
    crm = "salesforce",
    ...browser
  }: { readonly crm?: CrmName; readonly port: number; readonly timeoutMs: number },
): Promise<SignIn & { readonly keyId: string }> {
  const environment = environmentOf(options);
  const { allowedHosts } = readSettings(options.configFile).connections[crm];
  const { currentId: keyId } = openKeyring(environment.RIPELINE_SECRET_KEY, GRANT_NEED);
  if (holdsKey(environment, crm)) {
    throw new ConfigError(
      `${KEYS[crm]} is set: it would be used in place of the sign-in. Unset it, or run \`ripeline connect ${crm}\` without ` +
        "--browser to use it.",
    );
  }
  if (crm === "hubspot") {
    const { clientId, baseUrl } = hubspotApp(environment);
    const at = baseUrl === undefined ? {} : { baseUrl };
    return { ...(await signIns.hubspot.begin({ clientId, allowedHosts, ...at, ...browser })), keyId };
  }
  const { loginUrl, clientId } = signInApp(environment);
  const at = loginUrl === undefined ? {} : { loginUrl };
  return { ...(await signIns.salesforce.begin({ clientId, allowedHosts, ...at, ...browser })), keyId };
}

const KEYS: Readonly<Record<CrmName, string>> = {
  salesforce: "SALESFORCE_USERNAME, SALESFORCE_PRIVATE_KEY_FILE or SALESFORCE_ACCESS_TOKEN",
  hubspot: "HUBSPOT_ACCESS_TOKEN",
};

/** What `connect` is to do where nobody says: check a key of the environment where there is one, else ask a browser. */
export function prefersBrowser(options: AppOptions, crm: CrmName = "salesforce"): boolean {
  const environment = environmentOf(options);
  if (holdsKey(environment, crm)) return false;
  return crm === "hubspot"
    ? environment.HUBSPOT_CLIENT_ID !== undefined && environment.HUBSPOT_CLIENT_SECRET !== undefined
    : environment.SALESFORCE_CLIENT_ID !== undefined && environment.SALESFORCE_CLIENT_SECRET === undefined;
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
  const { environment, store, key, crm } = parts;
  if (signedIn === null) {
    const { connection, identity } = await openPinned(parts);
    await connection.close();
    await deleteGrant(store, key);
    await signInAnew(parts);
    return { ...identity, by: "environment" };
  }
  const keyring = openKeyring(environment.RIPELINE_SECRET_KEY, GRANT_NEED);
  const clientId = crm === "hubspot" ? hubspotApp(environment).clientId : signInApp(environment).clientId;
  if (holdsKey(environment, crm) || clientId !== signedIn.clientId || keyring.currentId !== signedIn.keyId) {
    throw otherSettings();
  }
  const { grant, giveBack } = await redeem(parts, signedIn);
  try {
    const { instanceUrl, accessToken } = grant;
    const { connection, identity } = await openPinned(parts, { session: { instanceUrl, accessToken } });
    await connection.close();
    await saveGrant(store, key, keyring, grant);
    await signInAnew(parts);
    return { ...identity, by: "browser" };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

/** The tokens that were granted, and how they are given back where they are not kept. */
async function redeem(
  { environment, allowedHosts, apiVersion }: Parts,
  signedIn: SignInCode,
): Promise<{ readonly grant: TokenGrant; readonly giveBack: () => Promise<void> }> {
  if (signedIn.crm === "hubspot") {
    const { clientSecret } = hubspotApp(environment);
    const options = { clientSecret, allowedHosts, ...(apiVersion === null ? {} : { apiVersion }) };
    const grant = await signIns.hubspot.redeem(signedIn, options);
    return { grant, giveBack: () => signIns.hubspot.giveBack(grant, options) };
  }
  const { clientSecret } = signInApp(environment);
  const grant = await signIns.salesforce.redeem(signedIn, {
    allowedHosts,
    ...(clientSecret === undefined ? {} : { clientSecret }),
  });
  return { grant, giveBack: () => signIns.salesforce.giveBack(grant) };
}

/** What is under way goes on with the session it has. */
async function signInAnew(parts: Parts): Promise<void> {
  await settle(parts);
  parts.connect.forget();
}

/** Seals anew, under the first key, what the store keeps encrypted. @throws ConfigError where this process has another first key */
export async function rotateKeyStep(
  { environment, store, settings, partsOf }: Workspace,
  keyId: string,
): Promise<Resealed> {
  const keyring = openKeyring(environment.RIPELINE_SECRET_KEY, "what the store keeps encrypted");
  if (keyring.currentId !== keyId) throw otherSettings();
  return store.transaction(async (tx) => {
    // Also of a connection that is turned off: its sign-in must open again when it is turned on.
    const grants = [
      await resealGrant(tx, partsOf("salesforce").key, keyring),
      await resealGrant(tx, partsOf("hubspot").key, keyring),
    ];
    const emailKey = await resealEmailKey(tx, settings.workspace.id, keyring);
    return { keyId, grant: grants.includes(true), emailKey };
  });
}

function otherSettings(): ConfigError {
  return new ConfigError(
    "The process that holds the store (`ripeline start`) was started with other variables than this one. Nothing was " +
      "changed. Stop it, run this again, and start it.",
  );
}
