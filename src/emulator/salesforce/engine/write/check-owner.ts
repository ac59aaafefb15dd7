/** Who may be made the owner of a record: an active user with read on its object, or a queue that takes it. */
import type { SaveError } from "../../org.ts";
import { entityOf, isTrue, liveRows, rawOf, textOf } from "../org-state.ts";
import type { Raw } from "../store/columns.ts";
import { userReads } from "../visibility.ts";
import type { CheckContext } from "./check-row.ts";
import * as errors from "./save-errors.ts";

/** Standard objects for which the vendor lists "Update Records with Inactive Owners", beside all custom ones. */
const MINDS_INACTIVE_OWNERS: ReadonlySet<string> = new Set(["Account", "Contact", "Lead", "Opportunity"]);

/** Lifts INACTIVE_OWNER_OR_USER for who has it. */
const INACTIVE_OWNERS_PERMISSION = "UpdateWithInactiveOwner";

function userProblem(context: CheckContext, ownerId: string): SaveError | undefined {
  const { state, entity, access } = context;
  const users = entityOf(state, "User");
  const row = users.table.rowOfId(ownerId);
  if (row < 0) return undefined;
  const mindsInactive = entity.def.isCustom || MINDS_INACTIVE_OWNERS.has(entity.def.name);
  if (mindsInactive && !isTrue(users, row, "IsActive")) {
    const isAllowed = !access.isAdmin && access.hasUserPermission(INACTIVE_OWNERS_PERMISSION);
    if (!isAllowed) return errors.inactiveOwner(ownerId, entity.def);
  }
  return userReads(state, ownerId, entity) ? undefined : errors.ownerCannotRead();
}

function queueProblem({ state, entity }: CheckContext, groupId: string): SaveError | undefined {
  const groups = entityOf(state, "Group");
  const isQueue = textOf(groups, groups.table.rowOfId(groupId), "Type") === "Queue";
  const supported = entityOf(state, "QueueSobject");
  const takesObject = liveRows(supported).some(
    (row) =>
      textOf(supported, row, "QueueId") === groupId &&
      textOf(supported, row, "SobjectType")?.toLowerCase() === entity.def.name.toLowerCase(),
  );
  return isQueue && takesObject ? undefined : errors.queueNotSupported();
}

/**
 * What stands against the owner that a row names, if anything. Naming the present owner again moves nothing and is not
 * looked at.
 * @param row the row to be updated, -1 for an insert
 */
export function ownerProblem(
  context: CheckContext,
  values: ReadonlyMap<{ readonly name: string }, Raw>,
  row: number,
): SaveError | undefined {
  const { entity } = context;
  const field = entity.fields.get("ownerid");
  if (field === undefined || entity.def.isSetup) return undefined;
  const ownerId = values.get(field);
  if (typeof ownerId !== "string" || (row >= 0 && rawOf(entity, row, "OwnerId") === ownerId))
    return undefined;
  return ownerId.startsWith("00G") ? queueProblem(context, ownerId) : userProblem(context, ownerId);
}
