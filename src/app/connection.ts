import { connectors } from "../../connectors/registry.ts";
import {
  type Environment,
  holdsKey,
  type SalesforceAccess,
  salesforceAccess,
} from "../config/environment.ts";
import { ConfigError } from "../core/errors.ts";
import type { OpenConnection, OrgIdentity } from "../core/ports.ts";
import { storedCallLedger } from "../mirror/call-ledger.ts";
import { pinConnection } from "../mirror/connection-record.ts";
import { hasGrant, storedGrants } from "../mirror/stored-grant.ts";
import type { LazyConnection, SignInParts } from "./parts.ts";

/** A key of the environment. @throws ConfigError where there is none, or half of one */
export function ownAccess(environment: Environment): SalesforceAccess {
  const access = salesforceAccess(environment);
  if (access === null) {
    throw new ConfigError(
      "No CRM is configured. Set SALESFORCE_CLIENT_ID, SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE in .env " +
        "(README, Connect a real org), or try `npm run demo`, which brings its own org.",
    );
  }
  return access;
}

/** Opens a connection and checks that it is the org of this store. */
export async function openPinned(
  { settings, key, store, log, allowedHosts, route }: SignInParts,
  access: Partial<Parameters<typeof connectors.salesforce>[0]>,
): Promise<{ readonly connection: OpenConnection; readonly identity: OrgIdentity }> {
  const connection = await connectors.salesforce({
    ...access,
    ...route,
    log,
    allowedHosts,
    ceilingShare: settings.api.ceiling,
    ledger: storedCallLedger(store, key),
  });
  const identity = await connection.identity();
  await pinConnection(store, key, identity);
  return { connection, identity };
}

/**
 * Signs in when first asked, checks that it is the org of this store, and keeps the connection. A key of the environment
 * comes first, then what `ripeline connect` stored, then client credentials.
 */
export function connectOnce(parts: SignInParts): LazyConnection {
  const { environment, key, store, leaseMs } = parts;
  let opened: Promise<OpenConnection> | undefined;
  const open = async (): Promise<OpenConnection> => {
    if (holdsKey(environment) || !(await hasGrant(store, key))) {
      return (await openPinned(parts, ownAccess(environment))).connection;
    }
    const { SALESFORCE_CLIENT_ID: clientId, SALESFORCE_CLIENT_SECRET: clientSecret } = environment;
    const { connection } = await openPinned(parts, {
      grants: storedGrants({ db: store, key, secretKey: environment.RIPELINE_SECRET_KEY, leaseMs }),
      ...(clientId === undefined ? {} : { clientId }),
      ...(clientSecret === undefined ? {} : { clientSecret }),
    });
    return connection;
  };
  const connect = (): Promise<OpenConnection> => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return Object.assign(connect, {
    opened: () => opened,
    forget: () => {
      opened = undefined;
    },
  });
}
