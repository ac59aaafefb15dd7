import type { CrmName } from "../../core/errors.ts";
import type { ConnectionFacts, RunFacts } from "../../core/report-data.ts";

const LABELS: Readonly<Record<CrmName, string>> = { salesforce: "Salesforce", hubspot: "HubSpot" };

/** "Salesforce"; where two connections are of one CRM, with the connection's id behind it. */
export function connectionName(run: RunFacts, connectionId: string): string {
  const connection = run.connections.find(({ id }) => id === connectionId);
  if (connection === undefined) return connectionId;
  const { crm } = connection;
  const isOnly = run.connections.filter((other) => other.crm === crm).length === 1;
  return isOnly ? LABELS[crm] : `${LABELS[crm]} (${connectionId})`;
}

/** "Salesforce and HubSpot". */
export function allNames(run: RunFacts): string {
  const names = run.connections.map(({ id }) => connectionName(run, id));
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

/** "Salesforce org 00D..., HubSpot portal 24700001". */
export function origins(run: RunFacts): string {
  return run.connections
    .map(
      ({ id, crm, orgId }) => `${connectionName(run, id)} ${crm === "hubspot" ? "portal" : "org"} ${orgId}`,
    )
    .join(", ");
}

export const hasSeveral = (run: RunFacts): boolean => run.connections.length > 1;

/** An object's name, with its CRM's where there is more than one. HubSpot's campaigns go by a number in its API. */
export function objectName(run: RunFacts, connectionId: string, object: string): string {
  const name = object === "0-35" ? "campaigns" : object;
  return hasSeveral(run) ? `${connectionName(run, connectionId)}: ${name}` : name;
}

export interface LinkedRecord {
  readonly connectionId: string;
  readonly id: string;
  readonly type: "lead" | "contact" | "opportunity" | "campaign";
}

/** HubSpot's number of what we call a lead, a contact, an opportunity; its campaigns have no record page by id. */
function hubspotType(connection: ConnectionFacts, type: LinkedRecord["type"]): string | null {
  switch (type) {
    case "lead":
      return connection.unit === "leads" ? "0-136" : "0-1";
    case "contact":
      return "0-1";
    case "opportunity":
      return "0-3";
    case "campaign":
      return null;
  }
}

/** The record's page in its CRM; null where there is none. Only http(s): an address is data too. */
export function recordUrl(run: RunFacts, record: LinkedRecord): string | null {
  const connection = run.connections.find(({ id }) => id === record.connectionId);
  const address = connection?.instanceUrl ?? null;
  if (connection === undefined || address === null || !URL.canParse(address)) return null;
  const { origin, protocol } = new URL(address);
  if (protocol !== "https:" && protocol !== "http:") return null;
  const id = encodeURIComponent(record.id);
  if (connection.crm === "salesforce") return `${origin}/${id}`;
  const type = hubspotType(connection, record.type);
  return type === null
    ? null
    : `${origin}/contacts/${encodeURIComponent(connection.orgId)}/record/${type}/${id}`;
}
