import { seedPortal } from "../emulator/hubspot/company/seed-portal.ts";
import { Portal } from "../emulator/hubspot/engine/portal.ts";
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
  /** Fills the portal too; without it there is an empty one. */
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

/** The Monday morning on which the seeded company's story ends. */
const SEEDED_NOW = new Date("2026-06-01T08:00:00Z");

/** Makes an org and a portal, fills and serves them on 127.0.0.1. @throws UsageError where the port is taken */
export async function launchEmulator(options: LaunchOptions): Promise<LaunchedEmulator> {
  const { dataDirectory } = options;
  const now = options.now ?? (dataDirectory === undefined ? SEEDED_NOW : OLIST_AS_OF);
  const clock = createEmulatorClock(now);
  const org = createOrg({
    clock,
    seed: options.seed ?? 1,
    multiCurrency: dataDirectory === undefined && options.isEmpty !== true,
  });
  const filled = fill(org, options, now);
  org.markStart();
  const portal = new Portal({ clock });
  if (options.hasHubSpot === true && options.isEmpty !== true) {
    seedPortal(portal, { leads: options.leads ?? DEFAULT_LEADS, seed: options.seed ?? 1, now });
  }
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
  org: ReturnType<typeof createOrg>,
  options: LaunchOptions,
  now: Date,
): { readonly firstDay: Date; readonly leads: number } {
  if (options.isEmpty === true) return { firstDay: now, leads: 0 };
  if (options.dataDirectory !== undefined) {
    try {
      return loadOlist(org, { dataDirectory: options.dataDirectory, asOf: now });
    } catch (error) {
      if (error instanceof OlistDataError) throw new UsageError(`--data: ${error.message}`);
      throw error;
    }
  }
  return seedCompany(org, { leads: options.leads ?? DEFAULT_LEADS, seed: options.seed ?? 1, now });
}
