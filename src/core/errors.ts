/**
 * One tree of errors. Each class fixes `code` and `retryable`; each instance carries the facts. The message says what
 * failed, for which record, and what to do next. Secrets and personal data never enter one.
 * `jobs/error-policy.ts` alone turns them into a delay, a retry or an end.
 */
export abstract class RipelineError extends Error {
  abstract readonly code: string;
  /** True where the same call may succeed later without anybody changing anything. */
  abstract readonly retryable: boolean;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Configuration or command line is wrong: key, what was found, what was expected. */
export class ConfigError extends RipelineError {
  readonly code = "CONFIG";
  readonly retryable = false;
}

/** Which system an error came from. */
export type CrmName = "salesforce" | "hubspot";

export abstract class ConnectorError extends RipelineError {
  readonly crm: CrmName;
  constructor(crm: CrmName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.crm = crm;
  }
}

/** The CRM does not know us: wrong client id, wrong key, revoked or expired token that could not be renewed. */
export class AuthError extends ConnectorError {
  readonly code = "AUTH";
  readonly retryable = false;
}

/** The CRM knows us and refuses: an object or field we may not see, a permission that is missing. */
export class PermissionError extends ConnectorError {
  readonly code = "PERMISSION";
  readonly retryable = false;
}

/** The CRM says "slow down"; the same call works after `retryAfterMs`. */
export class RateLimitedError extends ConnectorError {
  readonly code = "RATE_LIMITED";
  readonly retryable = true;
  readonly retryAfterMs: number;
  constructor(crm: CrmName, retryAfterMs: number, options?: ErrorOptions) {
    super(crm, `${crm} asked us to wait ${retryAfterMs} ms; the job goes on by itself`, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Calls of the last 24 hours when a ceiling was reached. */
export interface QuotaFacts {
  /** By the whole org, and what it may send. */
  readonly used: number;
  readonly limit: number;
  /** By ripeline. */
  readonly ours: number;
  /** Of our share, calls of a day that are kept for flags on records, and how many of them may still be sent. */
  readonly reserve: number;
  readonly reserveLeft: number;
  /** When our calls fall below our ceiling again; null where others decide. UTC. */
  readonly resetsAt: Date | null;
}

/** The day's calls are spent, by us (our ceiling) or by the whole org (the CRM's limit). */
export class QuotaExhaustedError extends ConnectorError {
  readonly code = "QUOTA_EXHAUSTED";
  readonly retryable = false;
  /** Null where the CRM itself refused. */
  readonly quota: QuotaFacts | null;
  constructor(crm: CrmName, message: string, quota: QuotaFacts | null = null, options?: ErrorOptions) {
    super(crm, message, options);
    this.quota = quota;
  }
}

/** Network trouble, a 5xx, a body that ended early. */
export class TransientHttpError extends ConnectorError {
  readonly code = "TRANSIENT_HTTP";
  readonly retryable = true;
  readonly status: number | undefined;
  constructor(crm: CrmName, message: string, status: number | undefined, options?: ErrorOptions) {
    super(crm, message, options);
    this.status = status;
  }
}

/** The CRM refused the request itself: a query with an unknown field, a body it does not accept. */
export class RequestRefusedError extends ConnectorError {
  readonly code = "REQUEST_REFUSED";
  readonly retryable = false;
  readonly status: number;
  /** The vendor's own code, for example INVALID_FIELD. */
  readonly vendorCode: string;
  constructor(crm: CrmName, message: string, status: number, vendorCode: string, options?: ErrorOptions) {
    super(crm, message, options);
    this.status = status;
    this.vendorCode = vendorCode;
  }
}

/** An answer lacks what the protocol promises: a field we asked for, a header, a row count that adds up. */
export class WireShapeError extends ConnectorError {
  readonly code = "WIRE_SHAPE";
  readonly retryable = false;
}

/** Another org or portal answers under a connection's name. */
export class WrongOrgError extends ConnectorError {
  readonly code = "WRONG_ORG";
  readonly retryable = false;
}

/** The store was migrated by a newer ripeline. */
export class SchemaTooNewError extends RipelineError {
  readonly code = "SCHEMA_TOO_NEW";
  readonly retryable = false;
}

/** Something encrypted in the store is not as it was written, though its key is here. */
export class SealBrokenError extends RipelineError {
  readonly code = "SEAL_BROKEN";
  readonly retryable = false;
}

/** A check on computed numbers failed: rows multiplied, or totals that must agree do not. */
export class MetricIntegrityError extends RipelineError {
  readonly code = "METRIC_INTEGRITY";
  readonly retryable = false;
}

/** Another process holds the store or the lease. */
export class BusyError extends RipelineError {
  readonly code = "BUSY";
  readonly retryable = true;
}

/** Work took longer than it may and was ended; it may be begun again. */
export class TimedOutError extends RipelineError {
  readonly code = "TIMED_OUT";
  readonly retryable = true;
}

/** Somebody asked the process to stop. */
export class StoppedError extends RipelineError {
  readonly code = "STOPPED";
  readonly retryable = true;
  readonly signal: "SIGINT" | "SIGTERM";
  constructor(message: string, signal: "SIGINT" | "SIGTERM") {
    super(message);
    this.signal = signal;
  }
}

/** Work went on although all that it uses was ended: only a new process can go on from here. */
export class StuckError extends RipelineError {
  readonly code = "STUCK";
  readonly retryable = false;
}
