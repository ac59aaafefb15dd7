import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

export interface SalesforceAccess {
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly privateKeyPem: string;
}

/**
 * Writes an env file that lets any other command connect to the emulator, and the private key beside it
 * (`FILE.key.pem`). Paths in it are absolute; both files are readable by their owner only.
 */
export async function writeEnvFile(path: string, salesforce: SalesforceAccess): Promise<void> {
  const file = resolve(path);
  const keyFile = `${file}.key.pem`;
  const variables = {
    SALESFORCE_LOGIN_URL: salesforce.loginUrl,
    SALESFORCE_CLIENT_ID: salesforce.clientId,
    SALESFORCE_USERNAME: salesforce.username,
    SALESFORCE_PRIVATE_KEY_FILE: keyFile,
    SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
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
