/** What is said of every operation of an emulated CRM. */
type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * documented: written in the vendor's documentation. recorded: seen in recorded traffic of real orgs.
 * seen run: seen between a vendor's own client and an org. unconfirmed: none of these, at least in part.
 */
export type Confidence = "documented" | "recorded" | "seen run" | "unconfirmed";

export interface Operation {
  readonly name: string;
  readonly crm: "salesforce" | "hubspot";
  readonly method: HttpMethod;
  /** `{name}` stands for one path segment. */
  readonly path: string;
  readonly documentation: string;
  readonly confidence: Confidence;
  /** Counts against the daily API allowance. */
  readonly metered: boolean;
  /** Needs an access token. */
  readonly session: boolean;
  /** Query parameters the operation knows; others are ignored, as at the vendor, and listed. */
  readonly parameters: readonly string[];
  readonly notes: string;
}
