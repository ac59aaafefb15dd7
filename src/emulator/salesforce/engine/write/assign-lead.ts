/** The active lead assignment rule: who gets the lead next. */
import type { Session } from "../../org.ts";
import { type Entity, entityOf, isTrue, liveRows, type OrgState, put, textOf } from "../org-state.ts";

/** User types and licences that take leads. */
function defaultTargets(state: OrgState, session: Session): string[] {
  const users = entityOf(state, "User");
  const profiles = entityOf(state, "Profile");
  const licenses = entityOf(state, "UserLicense");
  const ids: string[] = [];
  for (const row of liveRows(users)) {
    const id = users.table.ids.text(row);
    if (id === null || id === session.userId || id === state.adminId || !isTrue(users, row, "IsActive"))
      continue;
    const profile = profiles.table.rowOfId(textOf(users, row, "ProfileId") ?? "");
    const license =
      profile < 0 ? -1 : licenses.table.rowOfId(textOf(profiles, profile, "UserLicenseId") ?? "");
    if (license >= 0 && textOf(licenses, license, "Name") === "Salesforce Integration") continue;
    ids.push(id);
  }
  return ids.length > 0 ? ids : [state.adminId];
}

/** Runs the rule on one lead unless it is off. True when the owner is another than before. */
export function assignLead(state: OrgState, session: Session, lead: Entity, row: number): boolean {
  const rule = state.settings.leadAssignmentRule;
  if (!rule.isActive || isTrue(lead, row, "IsConverted")) return false;
  const targets = rule.targets.length > 0 ? rule.targets : defaultTargets(state, session);
  const owner = textOf(lead, row, "OwnerId");
  for (let attempt = 0; attempt < targets.length; attempt++) {
    const target = targets[state.assignmentTurn % targets.length];
    state.assignmentTurn++;
    if (target === undefined || target === owner) continue;
    put(lead, row, "OwnerId", target);
    return true;
  }
  return false;
}
