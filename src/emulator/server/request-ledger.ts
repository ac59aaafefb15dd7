export type EmulatedCrm = "salesforce" | "hubspot";

interface LedgerCounts {
  /** Requests by operation name; a Composite is one. */
  readonly operations: Readonly<Record<string, number>>;
  /** Requests that count against the daily allowance. */
  readonly metered: number;
  /** What ran inside Composite and Composite Batch, by operation name. */
  readonly subrequests: Readonly<Record<string, number>>;
  /** Query parameters the operation does not know: ignored as the vendor does, but listed. */
  readonly unknownParameters: readonly { operation: string; parameter: string; count: number }[];
}

/** Counts what clients asked for, for `GET control/requests`. */
export interface RequestLedger {
  count(crm: EmulatedCrm, operation: string): void;
  countSubrequest(crm: EmulatedCrm, operation: string): void;
  meter(crm: EmulatedCrm, requests: number): void;
  noteUnknownParameter(crm: EmulatedCrm, operation: string, parameter: string): void;
  counts(crm: EmulatedCrm): LedgerCounts;
  clear(): void;
}

interface Page {
  readonly operations: Map<string, number>;
  readonly subrequests: Map<string, number>;
  readonly unknown: Map<string, { operation: string; parameter: string; count: number }>;
  metered: number;
}

const blankPage = (): Page => ({
  operations: new Map(),
  subrequests: new Map(),
  unknown: new Map(),
  metered: 0,
});

const increment = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

export function createRequestLedger(): RequestLedger {
  const pages: Record<EmulatedCrm, Page> = { salesforce: blankPage(), hubspot: blankPage() };
  return {
    count: (crm, operation) => {
      increment(pages[crm].operations, operation);
    },
    countSubrequest: (crm, operation) => {
      increment(pages[crm].subrequests, operation);
    },
    meter: (crm, requests) => {
      pages[crm].metered += requests;
    },
    noteUnknownParameter: (crm, operation, parameter) => {
      const key = `${operation}\n${parameter}`;
      const seen = pages[crm].unknown.get(key) ?? { operation, parameter, count: 0 };
      pages[crm].unknown.set(key, { ...seen, count: seen.count + 1 });
    },
    counts: (crm) => ({
      operations: Object.fromEntries(pages[crm].operations),
      metered: pages[crm].metered,
      subrequests: Object.fromEntries(pages[crm].subrequests),
      unknownParameters: [...pages[crm].unknown.values()],
    }),
    clear: () => {
      pages.salesforce = blankPage();
      pages.hubspot = blankPage();
    },
  };
}
