import { connectHubspot } from "./hubspot/connect.ts";
import { hubspotStreams } from "./hubspot/streams.ts";
import { connectSalesforce } from "./salesforce/connect.ts";
import { salesforceStreams } from "./salesforce/streams.ts";

/** How to connect to each CRM, by its name; the options differ by vendor. */
export const connectors = { salesforce: connectSalesforce, hubspot: connectHubspot } as const;

/** What is read from each CRM, known without a connection. */
export const streams = { salesforce: salesforceStreams, hubspot: hubspotStreams } as const;
