import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

interface SalesforceAccess {
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly privateKeyPem: string;
}

interface HubSpotAccess {
  readonly baseUrl: string;
  readonly accessToken: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Writes an env file that lets any other command connect to the emulator, and the private key beside it
 * (`FILE.key.pem`). Paths in it are absolute; both files are readable by their owner only.
 */
export async function writeEnvFile(
  path: string,
  { salesforce, hubspot }: { readonly salesforce: SalesforceAccess; readonly hubspot: HubSpotAccess },
): Promise<void> {
  const file = resolve(path);
  const keyFile = `${file}.key.pem`;
  const variables = {
    SALESFORCE_LOGIN_URL: salesforce.loginUrl,
    SALESFORCE_CLIENT_ID: salesforce.clientId,
    SALESFORCE_USERNAME: salesforce.username,
    SALESFORCE_PRIVATE_KEY_FILE: keyFile,
    SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
    HUBSPOT_BASE_URL: hubspot.baseUrl,
    HUBSPOT_ACCESS_TOKEN: hubspot.accessToken,
    HUBSPOT_CLIENT_ID: hubspot.clientId,
    HUBSPOT_CLIENT_SECRET: hubspot.clientSecret,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await mkdir(dirname(file), { recursive: true });
  for (const [target, text] of [
    [keyFile, salesforce.privateKeyPem],
    [file, lines.join("")],
  ] as const) {
    await writeFile(target, text, { mode: 0o600 });
    // The mode above is for new files only.
    await chmod(target, 0o600);
  }
}
