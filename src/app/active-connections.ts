import type { Environment } from "../config/environment.ts";
import { namesWayIn } from "../config/environment.ts";
import type { ReadSettings } from "../config/read-settings.ts";
import { ConfigError, type CrmName } from "../core/errors.ts";
import type { ConnectionSettings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { readConnection } from "../mirror/connection-record.ts";
import { hasGrant } from "../mirror/stored-grant.ts";

const CRMS: readonly CrmName[] = ["salesforce", "hubspot"];

/**
 * The connections that belong to the workspace, Salesforce first: those that ripeline.yaml enables, and of those it does not
 * speak of, the ones that the environment or a stored sign-in gives a way in to, and the ones that the store has met. A
 * connection whose key is lost stays, and its pull fails: without its records the numbers would change in silence, and leads
 * whose touches stand there would look rotten.
 * @returns at least one: Salesforce, where nothing is configured, whose sign-in then says what to set
 * @throws ConfigError where ripeline.yaml disables all
 */
export async function activeConnections(
  { connections }: Pick<ReadSettings, "connections">,
  environment: Environment,
  store: Database,
  workspaceId: string,
): Promise<readonly [ConnectionSettings, ...ConnectionSettings[]]> {
  const active: ConnectionSettings[] = [];
  for (const crm of CRMS) {
    const { settings, isEnabled } = connections[crm];
    const key = { workspaceId, connectionId: settings.id };
    const isActive =
      isEnabled ??
      (namesWayIn(environment, crm) ||
        (await hasGrant(store, key)) ||
        (await readConnection(store, key)) !== undefined);
    if (isActive) active.push(settings);
  }
  const [first, ...rest] = active;
  if (first !== undefined) return [first, ...rest];
  const fallback = CRMS.find((crm) => connections[crm].isEnabled !== false);
  if (fallback !== undefined) return [connections[fallback].settings];
  throw new ConfigError(
    "connections: salesforce.enabled and hubspot.enabled are both false, so there is nothing to work on. Take one out.",
  );
}
