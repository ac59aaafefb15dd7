import { connectHubspot } from "./hubspot/connect.ts";
import * as hubspotSignIn from "./hubspot/sign-in.ts";
import { hubspotStreams } from "./hubspot/streams.ts";
import { connectSalesforce } from "./salesforce/connect.ts";
import type { SalesforceOptions } from "./salesforce/connect-options.ts";
import * as salesforceSignIn from "./salesforce/sign-in.ts";
import { salesforceStreams } from "./salesforce/streams.ts";

/** How to connect to each CRM, by its name; the options differ by vendor. */
export const connectors = { salesforce: connectSalesforce, hubspot: connectHubspot } as const;

/** What is read from each CRM, known without a connection. */
export const streams = { salesforce: salesforceStreams, hubspot: hubspotStreams } as const;

/** How somebody signs in with a browser, by CRM. */
export const signIns = {
  salesforce: {
    begin: salesforceSignIn.beginSignIn,
    redeem: salesforceSignIn.redeemCode,
    giveBack: salesforceSignIn.giveBack,
  },
  hubspot: {
    begin: hubspotSignIn.beginSignIn,
    redeem: hubspotSignIn.redeemCode,
    giveBack: hubspotSignIn.giveBack,
  },
} as const;

/** From how many rows on Salesforce is read and written by Bulk, rows a page, and how long is waited in between. */
export type SalesforceRoute = Pick<
  SalesforceOptions,
  "bulkAboveRows" | "bulkPageRows" | "bulkWriteAboveRows" | "pacing"
>;
