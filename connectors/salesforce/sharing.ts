import { sendComposite } from "./composite.ts";
import { readQueryAnswer } from "./record-page.ts";
import type { Session } from "./session.ts";
import { textLiteral } from "./soql.ts";

/** Objects that "View All" can be given for; activities and members follow the records they belong to. */
const SHARED_OBJECTS: readonly string[] = ["Lead", "Contact", "Account", "Opportunity", "Campaign"];

/** Default access under which everybody inside the org sees every record. */
const OPEN: ReadonlySet<string> = new Set(["Read", "ReadWrite", "ReadWriteTransfer", "FullAccess"]);

/** Whose sharing a record follows where its own object's default is ControlledByParent. */
const PARENTS: Readonly<Record<string, string>> = { Contact: "Account" };

/**
 * Objects of which the org's sharing may keep records from the user: private by default, and without "View All" for
 * them in the profile or a permission set. Hidden records look like records that are not there. One metered call.
 * @returns null where the org does not show its settings to the user ("View Setup and Configuration")
 * @see https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_objectpermissions.htm
 */
export async function readHiddenBySharing(
  session: Session,
  userId: string,
  objects: readonly string[],
): Promise<readonly string[] | null> {
  const asked = SHARED_OBJECTS.filter((object) => objects.includes(object));
  if (asked.length === 0) return [];
  const list = asked.map(textLiteral).join(", ");
  // The profile's own rights are a permission set that is assigned like the others.
  const sets = `SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = ${textLiteral(userId)}`;
  const step = "The question for what sharing hides";
  const answer = await sendComposite(
    session,
    [
      `SELECT QualifiedApiName, InternalSharingModel FROM EntityDefinition WHERE QualifiedApiName IN (${list})`,
      `SELECT SobjectType FROM ObjectPermissions WHERE PermissionsViewAllRecords = true AND SobjectType IN (${list}) AND ParentId IN (${sets})`,
      `SELECT Id FROM PermissionSet WHERE PermissionsViewAllData = true AND Id IN (${sets})`,
    ].map((soql) => ({
      method: "GET",
      url: `/services/data/v${session.version}/query?q=${encodeURIComponent(soql)}`,
    })),
    { step, purpose: "read" },
  );
  if (answer.parts.some((part) => part.status >= 300)) return null;
  const [models = [], seen = [], everything = []] = answer.parts.map(
    (part) => readQueryAnswer(part.body, step).records,
  );
  if (everything.length > 0) return [];
  const modelOf = new Map(
    models.map((row) => [row["QualifiedApiName"], String(row["InternalSharingModel"])]),
  );
  const seesAll = new Set(seen.map((row) => row["SobjectType"]));
  const isOpen = (object: string): boolean => {
    const model = modelOf.get(object) ?? "Private";
    if (seesAll.has(object) || OPEN.has(model)) return true;
    const parent = model === "ControlledByParent" ? PARENTS[object] : undefined;
    return parent !== undefined && isOpen(parent);
  };
  return asked.filter((object) => !isOpen(object));
}
