import { type HubSpotRefusalName, hubspotRefusals } from "../refusals.ts";

/** One part of a body's `errors`. */
export interface RefusalDetail {
  readonly message: string;
  readonly code?: string;
  readonly context?: Readonly<Record<string, readonly string[]>>;
}

export interface RefusalExtras {
  readonly errors?: readonly RefusalDetail[];
  readonly context?: Readonly<Record<string, readonly string[]>>;
  readonly links?: Readonly<Record<string, string>>;
  /** Record that stands in the way; named only beside a trace id. */
  readonly existingId?: string;
  /** Stands where an input of a batch names itself. */
  readonly traceId?: string;
}

/** A refusal in the vendor's words; every one stands in the list of refusals. `wire/` makes the body. */
export class HubSpotRefusal extends Error {
  readonly kind: HubSpotRefusalName;
  readonly status: number;
  readonly category: string | undefined;
  readonly subCategory: string | undefined;
  readonly extras: RefusalExtras;
  constructor(
    kind: HubSpotRefusalName,
    values: Readonly<Record<string, string | number>> = {},
    extras: RefusalExtras = {},
  ) {
    const entry = hubspotRefusals[kind];
    super(entry.words.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)));
    this.name = "HubSpotRefusal";
    this.kind = kind;
    this.status = entry.status;
    this.category = "category" in entry ? entry.category : undefined;
    this.subCategory = "subCategory" in entry ? entry.subCategory : undefined;
    this.extras = extras;
  }
}

/** What is wrong with one property of one record. */
export interface PropertyFault {
  readonly name: string;
  readonly error: string;
  readonly message: string;
}

/** The refusal that lists every property at fault, once inside the message and once beside it. */
export function invalidProperties(portalId: number, faults: readonly PropertyFault[]): HubSpotRefusal {
  const details = faults.map(({ name, error, message }) => ({
    isValid: false,
    message,
    error,
    name,
    localizedErrorMessage: message,
    portalId,
  }));
  return new HubSpotRefusal(
    "invalid_properties",
    { details: JSON.stringify(details) },
    {
      errors: faults.map(({ name, error, message }) => ({
        message,
        code: error,
        context: { propertyName: [name] },
      })),
    },
  );
}
