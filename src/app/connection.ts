import { connectors } from "../../connectors/registry.ts";
import { holdsKey, hubspotAccess, type SalesforceAccess, salesforceAccess } from "../config/environment.ts";
import { ConfigError } from "../core/errors.ts";
import type { SharedGrants } from "../core/grants.ts";
import type { OpenConnection, OrgIdentity } from "../core/ports.ts";
import { storedCallLedger } from "../mirror/call-ledger.ts";
import { pinConnection } from "../mirror/connection-record.ts";
import { hasGrant, storedGrants } from "../mirror/stored-grant.ts";
import type { LazyConnection, SignInParts } from "./parts.ts";

/** A way in that is not the environment's. */
export interface GrantedAccess {
  /** A session as it was just granted. */
  readonly session?: { readonly instanceUrl: string; readonly accessToken: string };
  /** What the store keeps. */
  readonly grants?: SharedGrants;
}

/**
 * Opens a connection with a key of the environment, or with what somebody granted, and checks that it is the org of this
 * store.
 * @throws ConfigError where the environment has no key, or half of one; WrongOrgError
 */
export async function openPinned(
  parts: SignInParts,
  granted?: GrantedAccess,
): Promise<{ readonly connection: OpenConnection; readonly identity: OrgIdentity }> {
  const connection =
    parts.crm === "salesforce" ? await openSalesforce(parts, granted) : await openHubspot(parts, granted);
  const identity = await connection.identity();
  await pinConnection(parts.store, parts.key, identity);
  return { connection, identity };
}

/** What every connector is told. */
function common({ settings, key, store, log, allowedHosts }: SignInParts) {
  return {
    log,
    allowedHosts,
    ceilingShare: settings.api.ceiling,
    ledger: storedCallLedger(store, key),
  };
}

function openSalesforce(parts: SignInParts, granted?: GrantedAccess): Promise<OpenConnection> {
  const { environment, route } = parts;
  const { SALESFORCE_CLIENT_ID: clientId, SALESFORCE_CLIENT_SECRET: clientSecret } = environment;
  const access =
    granted === undefined
      ? ownSalesforceAccess(parts)
      : {
          ...granted.session,
          ...(granted.grants === undefined ? {} : { grants: granted.grants }),
          ...(granted.grants === undefined || clientId === undefined ? {} : { clientId }),
          ...(granted.grants === undefined || clientSecret === undefined ? {} : { clientSecret }),
        };
  return connectors.salesforce({ ...access, ...route, ...common(parts) });
}

function ownSalesforceAccess({ environment, key, settings }: SignInParts): SalesforceAccess {
  const access = salesforceAccess(environment);
  if (access === null && settings.connections.length > 1) {
    throw new ConfigError(
      `The connection "${key.connectionId}" has no way in: set SALESFORCE_CLIENT_ID, SALESFORCE_USERNAME and ` +
        "SALESFORCE_PRIVATE_KEY_FILE, or run `ripeline connect salesforce --browser`. If the org is no part of this workspace " +
        "any more, set connections.salesforce.enabled to false in ripeline.yaml: its records then leave the numbers.",
    );
  }
  if (access === null) {
    throw new ConfigError(
      "No CRM is configured. Set SALESFORCE_CLIENT_ID, SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE in .env " +
        "(README, Connect a real org), or HUBSPOT_ACCESS_TOKEN to the token of a private app or a service key, or try " +
        "`npm run demo`, which brings its own org.",
    );
  }
  return access;
}

function openHubspot(parts: SignInParts, granted?: GrantedAccess): Promise<OpenConnection> {
  const { environment, apiVersion, key } = parts;
  const access = granted === undefined ? hubspotAccess(environment) : grantedHubspotAccess(parts, granted);
  if (access === null) {
    throw new ConfigError(
      `The connection "${key.connectionId}" has no way in: set HUBSPOT_ACCESS_TOKEN to the token of a private app or a ` +
        "service key, or run `ripeline connect hubspot --browser`. If the portal is no part of this workspace any more, set connections.hubspot.enabled to false " +
        "in ripeline.yaml: its records then leave the numbers.",
    );
  }
  return connectors.hubspot({
    ...access,
    ...(apiVersion === null ? {} : { apiVersion }),
    ...common(parts),
  });
}

function grantedHubspotAccess(
  { environment: e }: SignInParts,
  { session, grants }: GrantedAccess,
): Partial<Parameters<typeof connectors.hubspot>[0]> {
  return {
    ...(session === undefined ? {} : { baseUrl: session.instanceUrl, accessToken: session.accessToken }),
    ...(session !== undefined || e.HUBSPOT_BASE_URL === undefined ? {} : { baseUrl: e.HUBSPOT_BASE_URL }),
    ...(grants === undefined ? {} : { grants }),
    ...(e.HUBSPOT_CLIENT_ID === undefined ? {} : { clientId: e.HUBSPOT_CLIENT_ID }),
    ...(e.HUBSPOT_CLIENT_SECRET === undefined ? {} : { clientSecret: e.HUBSPOT_CLIENT_SECRET }),
  };
}

/**
 * Signs in when first asked, checks that it is the org of this store, and keeps the connection. A key of the environment
 * comes first, then what `ripeline connect` stored, then client credentials.
 */
export function connectOnce(parts: SignInParts): LazyConnection {
  const { crm, environment, key, store, leaseMs } = parts;
  let opened: Promise<OpenConnection> | undefined;
  const open = async (): Promise<OpenConnection> => {
    if (holdsKey(environment, crm) || !(await hasGrant(store, key))) {
      return (await openPinned(parts)).connection;
    }
    const { RIPELINE_SECRET_KEY: secretKey } = environment;
    const grants = storedGrants({ crm, db: store, key, secretKey, leaseMs });
    return (await openPinned(parts, { grants })).connection;
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
