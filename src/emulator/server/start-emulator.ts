import { Portal } from "../hubspot/engine/portal.ts";
import { createHubSpotHalf, type HubSpotHalf } from "../hubspot/wire/hubspot-half.ts";
import type { Org } from "../salesforce/org.ts";
import { createSalesforceHalf, type SalesforceHalf } from "../salesforce/wire/salesforce-half.ts";
import { createControl } from "./control.ts";
import type { EmulatorClock } from "./emulator-clock.ts";
import { createFaultTable } from "./faults.ts";
import { startListener } from "./http-server.ts";
import { type ConfigurableOrg, configurable } from "./org-settings.ts";
import { createRequestLedger } from "./request-ledger.ts";
import { writeEnvFile } from "./write-env-file.ts";

/** The line the `emulator` command prints when it is ready. Holds secrets of the emulated CRMs, and of nothing else. */
interface EmulatorReady {
  readonly salesforce: {
    readonly instanceUrl: string;
    readonly loginUrl: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly username: string;
    /** The integration user's, `<org id>!<secret>`. */
    readonly accessToken: string;
    /** The admin's: may do everything, so that outside clients can log a call or deploy. */
    readonly adminAccessToken: string;
  };
  readonly hubspot: {
    readonly baseUrl: string;
    /** A private app's, or by the setting `credential` a service key. */
    readonly accessToken: string;
    /** Of the public app, as the secret is. */
    readonly clientId: string;
    /** Of the public app: signs webhooks too. */
    readonly clientSecret: string;
  };
  /** Ends in `/control`. */
  readonly control: string;
}

export interface EmulatorOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** With settings, where `salesforce.org` of `POST control/faults` is to work. */
  readonly org: Org | ConfigurableOrg;
  /** Empty unless given; like the org, filled and marked before. */
  readonly portal?: Portal;
  /** The clock the org and the portal were made with. */
  readonly clock: EmulatorClock;
  /** Told of every mistake of the emulator itself, which clients see as a 500. */
  readonly onMishap?: (error: unknown) => void;
}

export interface Emulator {
  readonly ready: EmulatorReady;
  /** PKCS8 PEM of the key the client app signs with. */
  readonly privateKeyPem: string;
  /** @param path file for the variables; the private key goes beside it. */
  writeEnvFile(path: string): Promise<void>;
  close(): Promise<void>;
}

function emptyPortal(clock: EmulatorClock): Portal {
  const portal = new Portal({ clock });
  portal.markStart();
  return portal;
}

/**
 * Serves the emulated CRMs and their control API over HTTP on 127.0.0.1. The org must be filled and its start marked
 * before.
 *
 * @throws Error EADDRINUSE where the port is taken
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { org, clock } = options;
  const ledger = createRequestLedger();
  const faults = createFaultTable();
  const onMishap = options.onMishap ?? (() => undefined);
  const portal = options.portal ?? emptyPortal(clock);
  let connected:
    | { readonly url: string; readonly half: SalesforceHalf; readonly hubspot: HubSpotHalf }
    | undefined;
  const listener = await startListener(options.port, async (port) => {
    const url = `http://127.0.0.1:${port}`;
    const half = await createSalesforceHalf({
      org,
      clock,
      ledger,
      url,
      onMishap,
      configurable: () => configurable(org),
    });
    const hubspot = createHubSpotHalf({ portal, clock, ledger, url, onMishap });
    connected = { url, half, hubspot };
    const halves = [half, hubspot];
    const control = createControl({ clock, halves, faults, ledger });
    return { clock, halves, faults, ledger, control, onMishap };
  });
  if (connected === undefined) throw new Error("the listener started without connecting");
  const { url, half, hubspot } = connected;
  const { username } = org.integrationUser;
  const { clientId, clientSecret, privateKeyPem } = half.app;
  const { accessToken, adminAccessToken } = half;
  return {
    ready: {
      salesforce: {
        instanceUrl: url,
        loginUrl: url,
        clientId,
        clientSecret,
        username,
        accessToken,
        adminAccessToken,
      },
      hubspot: {
        baseUrl: url,
        accessToken: hubspot.accessToken,
        clientId: hubspot.oauthApp.clientId,
        clientSecret: hubspot.oauthApp.clientSecret,
      },
      control: `${url}/control`,
    },
    privateKeyPem,
    writeEnvFile: (path) =>
      writeEnvFile(path, {
        salesforce: { loginUrl: url, clientId, clientSecret, username, privateKeyPem },
        hubspot: { baseUrl: url, accessToken: hubspot.accessToken, ...hubspot.oauthApp },
      }),
    close: () => listener.close(),
  };
}
