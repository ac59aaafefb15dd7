import { generateKeyPair, type KeyObject, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/** The external client app that the emulated org trusts: its id, its secret and its key pair. */
export interface ClientApp {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly publicKey: KeyObject;
  /** PKCS8 PEM, for the client to sign with. */
  readonly privateKeyPem: string;
}

const makeKeyPair = promisify(generateKeyPair);

/** A fresh app; two emulators never share a key. */
export async function createClientApp(): Promise<ClientApp> {
  const { publicKey, privateKey } = await makeKeyPair("rsa", { modulusLength: 2048 });
  return {
    clientId: `3MVG9${randomBytes(40).toString("hex")}`,
    clientSecret: randomBytes(32).toString("hex").toUpperCase(),
    publicKey,
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
