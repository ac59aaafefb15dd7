import type { CrmName } from "../core/errors.ts";
import { UsageError } from "./command-line.ts";

const KNOWN: readonly CrmName[] = ["salesforce", "hubspot"];

/**
 * Parses `--crm`: one CRM or both, in any order, between commas.
 * @returns in the order Salesforce, HubSpot @throws UsageError naming what is wrong and what may stand there
 */
export function crmNames(text: string): readonly CrmName[] {
  const given = text.split(",").map((name) => name.trim().toLowerCase());
  const refuse = (why: string): UsageError =>
    new UsageError(`--crm: ${why}; give salesforce, hubspot, or both as salesforce,hubspot`);
  for (const name of given) {
    if (name === "") throw refuse(`${JSON.stringify(text)} leaves a CRM out`);
    if (!KNOWN.some((known) => known === name))
      throw refuse(`${JSON.stringify(name)} is no CRM that ripeline knows`);
  }
  if (new Set(given).size < given.length) throw refuse(`${JSON.stringify(text)} names one CRM twice`);
  return KNOWN.filter((name) => given.includes(name));
}
