/** An empty org, its two sessions and the few calls every test of the engine makes. */
import { type ManualClock, manualClock } from "../../../../src/core/time.ts";
import {
  createOrg,
  type EngineOrg,
  type OrgOptions,
} from "../../../../src/emulator/salesforce/engine/create-org.ts";
import {
  type DeployComponent,
  type SaveResult,
  type Session,
  VendorError,
  type WriteOptions,
} from "../../../../src/emulator/salesforce/org.ts";

const NOW = new Date("2026-06-03T08:00:00Z");

export interface Fixture {
  readonly org: EngineOrg;
  readonly clock: ManualClock;
  readonly admin: Session;
  readonly integration: Session;
}

export function engineFixture(options: Partial<OrgOptions> = {}): Fixture {
  const clock = manualClock(NOW);
  const org = createOrg({ clock, ...options });
  return {
    org,
    clock,
    admin: { userId: org.adminUser.id, username: org.adminUser.username, isAdmin: true },
    integration: { userId: org.integrationUser.id, username: org.integrationUser.username, isAdmin: false },
  };
}

export const QUIET: WriteOptions = {
  autoAssign: false,
  allowDuplicates: true,
  allOrNone: false,
  operation: "composite/sobjects PATCH",
};
export const ALL_OR_NONE: WriteOptions = { ...QUIET, allOrNone: true };

/** Records of a query without their attributes. */
export function rows(
  fixture: Fixture,
  soql: string,
  session: Session = fixture.admin,
): Record<string, unknown>[] {
  const result = fixture.org.query(session, soql, { all: false });
  return Array.from({ length: result.totalSize }, (_, index) => bare(result.record(index)));
}

function bare(record: Record<string, unknown>): Record<string, unknown> {
  const { attributes: _attributes, ...rest } = record;
  return rest;
}

/** One output column of a query. */
export function column(fixture: Fixture, soql: string, session: Session = fixture.admin): unknown[] {
  const result = fixture.org.query(session, soql, { all: false });
  return Array.from({ length: result.totalSize }, (_, index) => result.cells(index)[0]);
}

export function refusal(run: () => unknown): { status: number; code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof VendorError)
      return { status: error.status, code: error.errorCode, message: error.message };
    throw error;
  }
  throw new Error("Nothing was refused.");
}

export function firstId(results: readonly SaveResult[]): string {
  const id = results[0]?.id;
  if (id === undefined) throw new Error(`No id in ${JSON.stringify(results)}`);
  return id;
}

export function makeLead(fixture: Fixture, values: Readonly<Record<string, unknown>> = {}): string {
  return firstId(
    fixture.org.insert(fixture.admin, "Lead", [{ LastName: "Doe", Company: "Acme", ...values }], QUIET),
  );
}

let userCount = 0;

/** A sales user with the Standard User profile. */
export function makeUser(fixture: Fixture, lastName: string): string {
  const profile = column(fixture, "SELECT Id FROM Profile WHERE Name = 'Standard User'")[0];
  userCount++;
  const username = `user${userCount}@example.com`;
  fixture.org.load("User", [{ LastName: lastName, Username: username, Email: username, ProfileId: profile }]);
  return String(column(fixture, `SELECT Id FROM User WHERE Username = '${username}'`)[0]);
}

export function fieldComponent(
  fullName: string,
  content: Readonly<Record<string, unknown>>,
): DeployComponent {
  const object = fullName.split(".")[0] ?? "";
  return {
    type: "CustomField",
    fullName,
    fileName: `objects/${object}.object`,
    content: { label: "A field", ...content },
  };
}

export function permissionSet(name: string, content: Readonly<Record<string, unknown>>): DeployComponent {
  return {
    type: "PermissionSet",
    fullName: name,
    fileName: `permissionsets/${name}.permissionset`,
    content: { label: name, ...content },
  };
}

/** Edit on leads: without it the integration user writes none. */
export const LEAD_EDIT = { object: "Lead", allowRead: true, allowEdit: true } as const;

export const APPLY = { checkOnly: false, rollbackOnError: true } as const;

export function assign(fixture: Fixture, name: string, userId: string): string {
  const set = column(fixture, `SELECT Id FROM PermissionSet WHERE Name = '${name}'`)[0];
  return firstId(
    fixture.org.insert(
      fixture.admin,
      "PermissionSetAssignment",
      [{ PermissionSetId: set, AssigneeId: userId }],
      QUIET,
    ),
  );
}
