/** What every new org holds: organisation, admin, integration user, profiles, status lists, a calendar. */
import type { OrgState } from "./org-state.ts";
import { seedRow } from "./write/load-rows.ts";

export interface BaseUsers {
  readonly admin: { readonly id: string; readonly username: string };
  readonly integration: { readonly id: string; readonly username: string };
}

const LOCALE = { LocaleSidKey: "en_US", LanguageLocaleKey: "en_US", EmailEncodingKey: "UTF-8" } as const;

const ADMIN_USERNAME = "admin@ripeline-demo.example";
const INTEGRATION_USERNAME = "integration@ripeline-demo.example";

/** Lists as a new org has them; a loaded company adds to them or replaces entries by label. */
const LEAD_STATUSES = [
  { MasterLabel: "Open - Not Contacted", IsDefault: true },
  { MasterLabel: "Working - Contacted" },
  { MasterLabel: "Closed - Converted", IsConverted: true },
  { MasterLabel: "Closed - Not Converted" },
];
const TASK_STATUSES = [
  { MasterLabel: "Not Started", IsDefault: true },
  { MasterLabel: "In Progress" },
  { MasterLabel: "Completed", IsClosed: true },
  { MasterLabel: "Waiting on someone else" },
  { MasterLabel: "Deferred" },
];
const STAGES: readonly (readonly [string, number, string, string])[] = [
  ["Prospecting", 10, "Pipeline", "Pipeline"],
  ["Qualification", 10, "Pipeline", "Pipeline"],
  ["Needs Analysis", 20, "Pipeline", "Pipeline"],
  ["Value Proposition", 50, "Pipeline", "Pipeline"],
  ["Id. Decision Makers", 60, "Pipeline", "Pipeline"],
  ["Perception Analysis", 70, "Pipeline", "Pipeline"],
  ["Proposal/Price Quote", 75, "Pipeline", "Pipeline"],
  ["Negotiation/Review", 90, "Pipeline", "Pipeline"],
  ["Closed Won", 100, "Closed", "Closed"],
  ["Closed Lost", 0, "Omitted", "Omitted"],
];

export function buildBase(state: OrgState): BaseUsers {
  const license = seedRow(state, "UserLicense", {
    Name: "Salesforce",
    MasterLabel: "Salesforce",
    LicenseDefinitionKey: "SFDC",
    Status: "Active",
    TotalLicenses: 200,
  });
  const integrationLicense = seedRow(state, "UserLicense", {
    Name: "Salesforce Integration",
    MasterLabel: "Salesforce Integration",
    LicenseDefinitionKey: "SALESFORCE_INTEGRATION",
    Status: "Active",
    TotalLicenses: 5,
  });
  const adminProfile = seedRow(state, "Profile", {
    Name: "System Administrator",
    UserLicenseId: license,
    PermissionsApiEnabled: true,
    PermissionsViewAllData: true,
    PermissionsModifyAllData: true,
  });
  seedRow(state, "Profile", { Name: "Standard User", UserLicenseId: license, PermissionsApiEnabled: true });
  const apiProfile = seedRow(state, "Profile", {
    Name: "Minimum Access - API Only Integrations",
    UserLicenseId: integrationLicense,
    PermissionsApiEnabled: true,
    PermissionsApiUserOnly: true,
  });
  const admin = seedUser(state, {
    Id: state.adminId,
    FirstName: "Ada",
    LastName: "Admin",
    Alias: "admin",
    Username: ADMIN_USERNAME,
    Email: "admin@example.com",
    ProfileId: adminProfile,
  });
  const integration = seedUser(state, {
    FirstName: "Ripeline",
    LastName: "Integration",
    Alias: "ripeline",
    Username: INTEGRATION_USERNAME,
    Email: "integration@example.com",
    ProfileId: apiProfile,
  });
  buildLists(state);
  return {
    admin: { id: admin, username: ADMIN_USERNAME },
    integration: { id: integration, username: INTEGRATION_USERNAME },
  };
}

function seedUser(state: OrgState, values: Readonly<Record<string, unknown>>): string {
  return seedRow(state, "User", {
    ...LOCALE,
    TimeZoneSidKey: "GMT",
    IsActive: true,
    UserType: "Standard",
    ...values,
  });
}

function buildLists(state: OrgState): void {
  seedRow(state, "Organization", {
    Id: state.organizationId,
    Name: "Demo Company",
    OrganizationType: "Enterprise Edition",
    DefaultLocaleSidKey: "en_US",
    LanguageLocaleKey: "en_US",
    TimeZoneSidKey: "GMT",
    FiscalYearStartMonth: 1,
    InstanceName: "EMU1",
  });
  for (const [index, status] of LEAD_STATUSES.entries()) {
    seedRow(state, "LeadStatus", { SortOrder: index + 1, ...status });
  }
  for (const [index, status] of TASK_STATUSES.entries()) {
    seedRow(state, "TaskStatus", { SortOrder: index + 1, ...status });
  }
  for (const [index, label] of ["High", "Normal", "Low"].entries()) {
    seedRow(state, "TaskPriority", {
      MasterLabel: label,
      SortOrder: index + 1,
      IsDefault: label === "Normal",
      IsHighPriority: label === "High",
    });
  }
  for (const [index, [label, probability, category, categoryName]] of STAGES.entries()) {
    seedRow(state, "OpportunityStage", {
      MasterLabel: label,
      ApiName: label,
      SortOrder: index + 1,
      DefaultProbability: probability,
      ForecastCategory: category,
      ForecastCategoryName: categoryName,
      IsClosed: label.startsWith("Closed"),
      IsWon: label === "Closed Won",
      IsActive: true,
    });
  }
  seedRow(state, "BusinessHours", {
    Name: "Default",
    IsActive: true,
    IsDefault: true,
    TimeZoneSidKey: "GMT",
    ...roundTheClock(),
  });
  seedRow(state, "AssignmentRule", { Name: "Standard lead assignment", SobjectType: "Lead" });
  if (state.isMultiCurrency) {
    seedRow(state, "CurrencyType", {
      IsoCode: "EUR",
      ConversionRate: 1,
      DecimalPlaces: 2,
      IsActive: true,
      IsCorporate: true,
    });
  }
}

/** Equal start and end mean the whole day. */
function roundTheClock(): Readonly<Record<string, string>> {
  const times: Record<string, string> = {};
  for (const day of ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]) {
    times[`${day}StartTime`] = "00:00:00.000Z";
    times[`${day}EndTime`] = "00:00:00.000Z";
  }
  return times;
}
