import { z } from "zod";
import {
  type AppOptions,
  beginSignIn,
  type Connected,
  firstKeyId,
  prefersBrowser,
  type Resealed,
} from "../app.ts";
import type { CrmName } from "../core/errors.ts";
import { type Json, toJson } from "../core/json.ts";
import { MINUTE_MS } from "../core/time.ts";
import { UsageError } from "./command-line.ts";
import { openBrowser } from "./open-browser.ts";
import { operation } from "./operation.ts";
import { hearStopSignals } from "./stop-signals.ts";

const broughtBack = {
  loginUrl: z.string(),
  clientId: z.string(),
  code: z.string(),
  redirectUri: z.string(),
  keyId: z.string(),
};

const connectArgs = z.object({
  crm: z.enum(["salesforce", "hubspot"]),
  signedIn: z
    .discriminatedUnion("crm", [
      z.object({ crm: z.literal("salesforce"), ...broughtBack, codeVerifier: z.string() }),
      z.object({ crm: z.literal("hubspot"), ...broughtBack }),
    ])
    .nullable(),
});

/** `ripeline connect CRM`: checks a key of the environment, or redeems what a browser brought back. */
export const connectOperation = operation(connectArgs, async ({ app }, { crm, signedIn }) => {
  const connected = await app.connect(signedIn, crm);
  const isRead = app.settings.connections.some((connection) => connection.crm === crm);
  return { json: toJson(connected), text: describe(connected, isRead) };
});

const rotateKeyArgs = z.object({ keyId: z.string() });

/** `ripeline connect CRM --rotate-key`. */
export const rotateKeyOperation = operation(rotateKeyArgs, async ({ app }, { keyId }) => {
  const resealed = await app.rotateKey(keyId);
  return { json: toJson(resealed), text: describeResealed(resealed) };
});

function describe({ crm, username, instanceUrl, orgId, apiVersion, by }: Connected, isRead: boolean): string {
  return [
    crm === "hubspot"
      ? `Connected: portal ${orgId} at ${instanceUrl}, API ${apiVersion}.`
      : `Connected: ${username} at ${instanceUrl}, org ${orgId}, API ${apiVersion}.`,
    by === "browser"
      ? "The sign-in is stored encrypted under RIPELINE_SECRET_KEY; every process needs that key from now on."
      : "The key of the environment is used; nothing of it is stored.",
    ...(isRead ? [] : ["A `ripeline start` or `worker` that runs already reads it after a restart."]),
    "Next: `ripeline doctor` tells what is missing.",
  ].join("\n");
}

function describeResealed({ keyId, grant, emailKey }: Resealed): string {
  const sealed = [...(grant ? ["the sign-in"] : []), ...(emailKey ? ["the key of the e-mail hashes"] : [])];
  return sealed.length === 0
    ? "This workspace keeps nothing encrypted."
    : `Sealed anew under key ${keyId}: ${sealed.join(" and ")}. When every process has the new key, take the old one out of RIPELINE_SECRET_KEY.`;
}

export interface ConnectOptions {
  readonly browser?: boolean;
  readonly rotateKey?: boolean;
  readonly port: number;
  /** False: only prints the address. */
  readonly open: boolean;
}

/** As long as somebody takes to find a password and a second factor. */
const BROWSER_MS = 10 * MINUTE_MS;

/**
 * What `connect` asks of the process that holds the store; with a browser, after somebody has signed in there. The
 * address goes to standard error, so that `--json` stays one document.
 * @throws UsageError where options contradict; StoppedError; what `beginSignIn` and the browser's answer throw
 */
export async function connectRequest(
  app: AppOptions,
  crm: CrmName,
  { browser, rotateKey, port, open }: ConnectOptions,
): Promise<{ readonly operation: "connect" | "rotateKey"; readonly args: Json }> {
  if (rotateKey === true) {
    if (browser === true) throw new UsageError("--rotate-key and --browser: do one after the other");
    return { operation: "rotateKey", args: { keyId: firstKeyId(app) } };
  }
  if (browser !== true && !prefersBrowser(app, crm)) {
    return { operation: "connect", args: { crm, signedIn: null } };
  }
  const signIn = await beginSignIn(app, { crm, port, timeoutMs: BROWSER_MS });
  const signals = hearStopSignals(undefined, "Stopped; nothing was stored.");
  try {
    const finished = signIn.finished(signals.signal);
    const back = new URL(signIn.address).searchParams.get("redirect_uri") ?? "";
    process.stderr.write(
      `Sign in with a browser on this machine:\n\n  ${signIn.address}\n\n` +
        `It comes back to ${back}, which must be a callback of the app. From another machine, forward that port first (ssh -L).\n`,
    );
    if (open) openBrowser(signIn.address);
    const signedIn = await finished;
    return { operation: "connect", args: { crm, signedIn: { ...signedIn, keyId: signIn.keyId } } };
  } finally {
    signals.close();
    await signIn.close();
  }
}
