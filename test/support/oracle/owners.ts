import type { Settings } from "../../../src/core/settings.ts";
import { DAY_MS } from "../../../src/core/time.ts";
import { byId, type CompanyRows, everything, flag, must, mustInstant, text } from "./vendor-rows.ts";

/** Definitions 1: a rep is a user who sells; whoever has left was one. */
export interface Owners {
  /** Active or not. */
  readonly isRep: (ownerId: string | null) => boolean;
  readonly isActive: (userId: string) => boolean;
  /** Users whose activities are a machine's: API-only profile or integration licence. */
  readonly isIntegration: (userId: string) => boolean;
  /** Definitions 1: team and role are the UserRole unless told otherwise. */
  readonly teamOf: (userId: string) => string | null;
  readonly roleNameOf: (userId: string) => string | null;
  readonly reps: readonly string[];
}

export function ownersOf(rows: CompanyRows, settings: Settings, asOf: number): Owners {
  const profiles = byId(everything(rows, "Profile"));
  const licences = byId(everything(rows, "UserLicense"));
  const roles = byId(everything(rows, "UserRole"));
  const users = byId(everything(rows, "User"));

  // "Not a user who both created and owned more than 200 leads in the last 30 days."
  const kept = new Map<string, number>();
  for (const lead of everything(rows, "Lead")) {
    const created = mustInstant(lead, "CreatedDate");
    const owner = must(lead, "OwnerId");
    if (created <= asOf - 30 * DAY_MS || created > asOf || text(lead, "CreatedById") !== owner) continue;
    kept.set(owner, (kept.get(owner) ?? 0) + 1);
  }

  const isIntegration = (userId: string): boolean => {
    const profile = profiles.get(text(users.get(userId) ?? {}, "ProfileId") ?? "") ?? {};
    const licence = licences.get(text(profile, "UserLicenseId") ?? "") ?? {};
    return (
      flag(profile, "PermissionsApiUserOnly") ||
      (text(licence, "Name") ?? "").startsWith("Salesforce Integration")
    );
  };
  const { reps } = settings;
  const sells = (userId: string): boolean => {
    const user = users.get(userId);
    if (user === undefined || reps.ignoredOwners.includes(userId)) return false;
    const profile = text(profiles.get(text(user, "ProfileId") ?? "") ?? {}, "Name") ?? "";
    const role = text(roles.get(text(user, "UserRoleId") ?? "") ?? {}, "Name") ?? "";
    if (reps.profiles.length + reps.roles.length + reps.users.length > 0) {
      return reps.users.includes(userId) || reps.profiles.includes(profile) || reps.roles.includes(role);
    }
    return (
      text(user, "UserType") === "Standard" &&
      !isIntegration(userId) &&
      (kept.get(userId) ?? 0) <= reps.robotAbove
    );
  };
  const known = [...users.keys()].filter((userId) => sells(userId));
  const set = new Set(known);
  return {
    isRep: (ownerId) => ownerId !== null && set.has(ownerId),
    isActive: (userId) => flag(users.get(userId) ?? {}, "IsActive"),
    isIntegration,
    teamOf: (userId) => text(users.get(userId) ?? {}, "UserRoleId"),
    roleNameOf: (userId) => text(roles.get(text(users.get(userId) ?? {}, "UserRoleId") ?? "") ?? {}, "Name"),
    reps: known,
  };
}
