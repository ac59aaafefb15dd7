import { connectSalesforce } from "./salesforce/connect.ts";

/** How to connect to each CRM, by its name; the options differ by vendor. */
export const connectors = { salesforce: connectSalesforce } as const;
