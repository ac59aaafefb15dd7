import type { Logger } from "pino";
import type { Environment } from "../config/environment.ts";
import type { ReadSettings } from "../config/read-settings.ts";
import type { CrmName } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import { activeConnections } from "./active-connections.ts";
import { connectOnce } from "./connection.ts";
import type { AppOptions, Parts, Workspace } from "./parts.ts";

/** Long enough for a slow statement between two renewals, short enough to wait for after a process has died. */
const LEASE_MS = 60_000;

/**
 * Finds out which connections the workspace has and makes the parts of each; no CRM is contacted.
 * @throws ConfigError as `activeConnections`
 */
export async function openWorkspace(context: {
  readonly environment: Environment;
  readonly log: Logger;
  readonly store: Database;
  readonly options: AppOptions;
  readonly read: ReadSettings;
}): Promise<Workspace> {
  const { environment, log, store, options, read } = context;
  const adjusted = options.adjust?.(read.settings) ?? read.settings;
  const workspaceId = adjusted.workspace.id;
  const [firstOf, ...others] = await activeConnections(read, environment, store, workspaceId);
  const settings = { ...adjusted, connections: [firstOf, ...others], connectionId: firstOf.id };
  const leaseMs = options.leaseMs ?? LEASE_MS;
  const made = new Map<CrmName, Parts>();
  const partsOf = (crm: CrmName): Parts => {
    const known = made.get(crm);
    if (known !== undefined) return known;
    const file = read.connections[crm];
    const signIn = {
      crm,
      settings: { ...settings, connectionId: file.settings.id },
      key: { workspaceId, connectionId: file.settings.id },
      environment,
      log,
      store,
      allowedHosts: file.allowedHosts,
      apiVersion: file.apiVersion,
      route: options.route ?? {},
      leaseMs,
    };
    const parts = { ...signIn, connect: connectOnce(signIn) };
    made.set(crm, parts);
    return parts;
  };
  const first = partsOf(firstOf.crm);
  return {
    settings,
    environment,
    log,
    store,
    leaseMs,
    first,
    connections: [first, ...others.map(({ crm }) => partsOf(crm))],
    partsOf,
  };
}
