import type { CrmName } from "../core/errors.ts";
import type { CommonOptions } from "./command-line.ts";
import { printJson } from "./command-line.ts";
import { launchEmulator } from "./launch-emulator.ts";
import { abortOf, hearStopSignals } from "./stop-signals.ts";

export interface EmulatorCommandOptions extends CommonOptions {
  readonly port: number;
  readonly leads?: number;
  readonly seed: number;
  readonly crm?: readonly CrmName[];
  readonly empty?: boolean;
  readonly now?: Date;
  readonly writeEnv?: string;
}

/** `ripeline emulator`: serves until SIGINT or SIGTERM; one JSON line on standard output tells that it is ready. */
export async function runEmulator(options: EmulatorCommandOptions): Promise<void> {
  const { emulator } = await launchEmulator({
    port: options.port,
    seed: options.seed,
    // Whoever connects one of the two finds a whole company; over both it is one only where it is asked for.
    ...(options.crm === undefined ? { hasHubSpot: true } : { crm: options.crm }),
    ...(options.leads === undefined ? {} : { leads: options.leads }),
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(options.empty === undefined ? {} : { isEmpty: options.empty }),
  });
  try {
    if (options.writeEnv !== undefined) await emulator.writeEnvFile(options.writeEnv);
    // The key set is part of the contract.
    await printJson({
      salesforce: { ...emulator.ready.salesforce },
      hubspot: { ...emulator.ready.hubspot },
      control: emulator.ready.control,
    });
    await abortOf(hearStopSignals().signal);
  } finally {
    await emulator.close();
  }
}
