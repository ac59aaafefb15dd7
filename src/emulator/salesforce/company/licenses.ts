import type { FieldValues } from "../org.ts";
import { recordId } from "./record-ids.ts";
import type { Loader, SeedableOrg } from "./row-buffer.ts";

/** Ids of the two user licences that profiles refer to. */
export interface Licenses {
  readonly sales: string;
  readonly integration: string;
}

const NAMES = { sales: "Salesforce", integration: "Salesforce Integration" } as const;

/** The org's own licences of these names, its admin's and integration user's among them; made where it has none. */
export function findLicenses(org: Pick<SeedableOrg, "dump"> & Loader): Licenses {
  const known = new Map<unknown, string>();
  for (const row of org.dump("UserLicense")) {
    if (typeof row["Id"] === "string") known.set(row["Name"], row["Id"]);
  }
  const missing: FieldValues[] = [];
  const idOf = (name: string, sequence: number): string => {
    const id = known.get(name) ?? recordId("UserLicense", sequence);
    if (!known.has(name)) missing.push({ Id: id, Name: name, MasterLabel: name, Status: "Active" });
    return id;
  };
  const licenses = { sales: idOf(NAMES.sales, 1), integration: idOf(NAMES.integration, 2) };
  if (missing.length > 0) org.load("UserLicense", missing);
  return licenses;
}
