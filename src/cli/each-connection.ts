import type { OfConnection, PerConnection } from "../app.ts";

/** The text of every connection, each under its name where there are several. */
export function describeEach<T>(
  { connections }: PerConnection<T>,
  describe: (of: OfConnection<T>) => string,
): string {
  if (connections.length === 1) return connections.map(describe).join("");
  return connections.map((of) => `== ${of.id} (${NAMES[of.crm]})\n${describe(of)}`).join("\n\n");
}

const NAMES = { salesforce: "Salesforce", hubspot: "HubSpot" } as const;
