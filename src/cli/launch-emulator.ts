import type { CrmName } from "../core/errors.ts";
import { seedJointCompany } from "../emulator/hubspot/company/seed-joint-company.ts";
import { seedPortal } from "../emulator/hubspot/company/seed-portal.ts";
import { Portal } from "../emulator/hubspot/engine/portal.ts";
import { COMPANY_ZONE } from "../emulator/salesforce/company/calendar.ts";
import { loadOlist, OLIST_AS_OF } from "../emulator/salesforce/company/olist.ts";
import { OlistDataError } from "../emulator/salesforce/company/olist-files.ts";
import { seedCompany } from "../emulator/salesforce/company/seed-company.ts";
import { createOrg } from "../emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock, type EmulatorClock } from "../emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../emulator/server/start-emulator.ts";
import { UsageError } from "./command-line.ts";

/** Leads of the seeded company unless told otherwise: enough for every row of the report to mean something. */
const DEFAULT_LEADS = 2_000;

export interface LaunchOptions {
  readonly port: number;
  readonly leads?: number;
  readonly seed?: number;
  readonly now?: Date;
  /** Nothing but users and set-up. */
  readonly isEmpty?: boolean;
  /**
   * Where the company keeps its records: one CRM, or both with marketing in HubSpot and sales in Salesforce. What is not
   * named is there and empty. Salesforce unless given.
   */
  readonly crm?: readonly CrmName[];
  /** Fills the portal with a whole company too, which knows nothing of the org's: for whoever connects one of them. */
  readonly hasHubSpot?: boolean;
  /** Folder of the Olist marketing funnel, instead of the seeded company. */
  readonly dataDirectory?: string;
}

export interface LaunchedEmulator {
  readonly emulator: Emulator;
  readonly clock: EmulatorClock;
  /** First instant of the company's history. */
  readonly firstDay: Date;
  readonly leads: number;
}

/** What the company's portal keeps its amounts in. */
const COMPANY_CURRENCY = "EUR";

/** The Monday morning on which the seeded company's story ends. */
const SEEDED_NOW = new Date("2026-06-01T08:00:00Z");

/** Makes an org and a portal, fills and serves them on 127.0.0.1. @throws UsageError where the port is taken */
export async function launchEmulator(options: LaunchOptions): Promise<LaunchedEmulator> {
  const { dataDirectory, crm = ["salesforce"] } = options;
  const now = options.now ?? (dataDirectory === undefined ? SEEDED_NOW : OLIST_AS_OF);
  const clock = createEmulatorClock(now);
  const org = createOrg({
    clock,
    seed: options.seed ?? 1,
    multiCurrency: dataDirectory === undefined && options.isEmpty !== true,
  });
  const portal = new Portal({ clock, timeZone: COMPANY_ZONE, companyCurrency: COMPANY_CURRENCY });
  const filled = fill({ org, portal }, { ...options, crm }, now);
  org.markStart();
  portal.markStart();
  try {
    const emulator = await startEmulator({ port: options.port, org, portal, clock });
    return { emulator, clock, ...filled };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
      throw new UsageError(`--port ${options.port}: something else listens there; choose another or 0`);
    }
    throw error;
  }
}

function fill(
  { org, portal }: { readonly org: ReturnType<typeof createOrg>; readonly portal: Portal },
  options: LaunchOptions & { readonly crm: readonly CrmName[] },
  now: Date,
): { readonly firstDay: Date; readonly leads: number } {
  const { crm, dataDirectory } = options;
  if (options.isEmpty === true) return { firstDay: now, leads: 0 };
  const size = { leads: options.leads ?? DEFAULT_LEADS, seed: options.seed ?? 1, now };
  if (dataDirectory !== undefined) return fillFromFiles(org, dataDirectory, now);
  if (crm.includes("hubspot") && crm.includes("salesforce")) return seedJointCompany({ org, portal }, size);
  if (crm.includes("hubspot")) return seedPortal(portal, size);
  if (options.hasHubSpot === true) seedPortal(portal, size);
  return seedCompany(org, size);
}

function fillFromFiles(org: ReturnType<typeof createOrg>, dataDirectory: string, asOf: Date) {
  try {
    return loadOlist(org, { dataDirectory, asOf });
  } catch (error) {
    if (error instanceof OlistDataError) throw new UsageError(`--data: ${error.message}`);
    throw error;
  }
}
