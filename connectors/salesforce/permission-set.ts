import { RequestRefusedError, WireShapeError } from "../../src/core/errors.ts";
import type { UserFound } from "../../src/core/ports.ts";
import { sendComposite } from "./composite.ts";
import { readQueryAnswer } from "./record-page.ts";
import type { Session } from "./session.ts";
import { textLiteral } from "./soql.ts";
import { refusal } from "./vendor-error.ts";
import { harmlessWriteHeaders } from "./write-guard.ts";

/**
 * Assigns a permission set to a user unless it is assigned already. One metered call to look, one to assign.
 * @throws RequestRefusedError when the org has no permission set of this name
 */
export async function assignPermissionSet(
  session: Session,
  userId: string,
  name: string,
): Promise<"assigned" | "already assigned"> {
  const step = `The assignment of the permission set ${name}`;
  const looked = await sendComposite(
    session,
    [
      `SELECT Id FROM PermissionSet WHERE Name = ${textLiteral(name)}`,
      `SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = ${textLiteral(userId)} AND PermissionSet.Name = ${textLiteral(name)}`,
    ].map((soql) => ({
      method: "GET",
      url: `/services/data/v${session.version}/query?q=${encodeURIComponent(soql)}`,
    })),
    { step, purpose: "write" },
  );
  const [sets = [], assignments = []] = looked.parts.map((part) => {
    if (part.status < 300) return readQueryAnswer(part.body, step).records;
    throw refusal(part.status, part.body, { step, host: new URL(session.instanceUrl).host });
  });
  const id = sets[0]?.["Id"];
  if (id === undefined) {
    throw new RequestRefusedError(
      "salesforce",
      `${step} failed: the org has no permission set of this name. Run \`ripeline apply\`.`,
      404,
      "NOT_FOUND",
    );
  }
  if (typeof id !== "string")
    throw new WireShapeError("salesforce", `${step}: the permission set has no id.`);
  if (assignments.length > 0) return "already assigned";
  await session.call({
    method: "POST",
    path: "/sobjects/PermissionSetAssignment",
    headers: harmlessWriteHeaders,
    json: { AssigneeId: userId, PermissionSetId: id },
    step,
    purpose: "write",
    effect: "once",
  });
  return "assigned";
}

/** A user by the name it signs in with; null where the org has none. One metered call. */
export async function findUser(session: Session, username: string): Promise<UserFound | null> {
  const step = "The search for a user";
  const answer = await session.call({
    method: "GET",
    path: `/query?q=${encodeURIComponent(`SELECT Id, IsActive FROM User WHERE Username = ${textLiteral(username)}`)}`,
    step,
    purpose: "read",
    effect: "repeatable",
  });
  const [user] = readQueryAnswer(answer.body, step).records;
  if (user === undefined) return null;
  const { Id: id, IsActive: isActive } = user;
  if (typeof id !== "string" || typeof isActive !== "boolean")
    throw new WireShapeError("salesforce", `${step}: the answer lacks Id or IsActive.`);
  return { id, isActive };
}
