/**
 * What the rest of ripeline asks of a CRM connector, and nothing of how a vendor speaks. `src/app.ts` joins a connector
 * to the mirror and to the write-back; neither imports the other.
 */
import type { CrmName } from "./errors.ts";

/** Column types of the mirror; every CSV cell is cast to one of them by the database. */
export type ColumnType = "text" | "boolean" | "numeric" | "integer" | "date" | "timestamptz";

/**
 * How a cell is kept. `plain`: as it is. `email`: only a keyed hash and the domain. `subject`: only whether it matches
 * the patterns of automated or cancelled activities. `history`: an owner's id or a status; of other fields nothing.
 * `presence`: only that something stands there. The raw text of all but the first never leaves the page's transaction.
 */
export type Keep = "plain" | "email" | "subject" | "history" | "presence";

export interface StreamField {
  /** The vendor's API name, verbatim. */
  readonly name: string;
  readonly type: ColumnType;
  readonly keep?: Keep;
  /** Without a required field the stream cannot run; a missing optional one makes the metrics that need it incomplete. */
  readonly need: "required" | "optional";
}

export type Cadence = "fast" | "money" | "slow";

/** One kind of record we pull. Data, not code: the connector, the mirror and the schedule read it. */
export interface StreamSpec {
  /** `salesforce.Lead`: the key in `sync`'s JSON. */
  readonly name: string;
  readonly crm: CrmName;
  /** The vendor's object. */
  readonly object: string;
  /** Table in schema `mirror`. */
  readonly table: string;
  readonly fields: readonly StreamField[];
  /** The field a delta filters on. `none`: small, read whole each time. */
  readonly cursor:
    | "SystemModstamp"
    | "CreatedDate"
    | "lastmodifieddate"
    | "hs_lastmodifieddate"
    | "updatedAt"
    | "none";
  /**
   * The field that orders the versions of a record; where it alone changed, that is no new version.
   * @default SystemModstamp, else CreatedDate, else the order in which they were read
   */
  readonly stamp?: string;
  /** Read whole, but not all that its table holds: what a read does not bring has not gone. */
  readonly isPartial?: true;
  /** Not read more often than this, whatever its cadence. */
  readonly atMostEveryMinutes?: number;
  readonly overlapMinutes: number;
  readonly cadence: Cadence;
  /** True where the org may lack the object (INVALID_TYPE is then an answer, not an error). */
  readonly optional?: boolean;
  /** True where flags on records come from it: it is read from the reserve when the day's calls are spent. */
  readonly isForFlags?: boolean;
}

/** Where a pull goes on after a page. Opaque to everyone but the connector that made it. */
export type Checkpoint = Readonly<Record<string, string | number | null>>;

export interface PullRequest {
  readonly stream: StreamSpec;
  /** Fields to select: those of the stream that the describe call showed. */
  readonly fields: readonly StreamField[];
  /** Lower bound of the cursor, overlap already taken off; null loads everything. UTC. */
  readonly since: Date | null;
  /** From an interrupted pull's last committed page. */
  readonly resume: Checkpoint | null;
  /** Only these records, a few hundred at most; `since` is null then. */
  readonly ids?: readonly string[];
}

/** One page of rows as CSV with a header row, in the order of `fields`; empty cell = null. UTF-8, LF, comma. */
export interface Page {
  readonly stream: StreamSpec;
  readonly fields: readonly StreamField[];
  readonly csv: AsyncIterable<Uint8Array>;
  /** Rows this page must hold, from the vendor's own count; the sink refuses another number. */
  readonly expectedRows: number;
  /** Present on the last page: rows the whole pull must have delivered, over all its pages, resumed ones too. */
  readonly expectedTotal: number | null;
  /** Null on the last page. */
  readonly next: Checkpoint | null;
  /** The server's clock when the query was sent (HTTP Date): the next watermark. UTC. */
  readonly queriedAt: Date;
}

/** Takes pages one at a time; resolves when the page is committed. */
export interface PageSink {
  accept(page: Page): Promise<{ readonly rows: number }>;
}

export interface PullOutcome {
  readonly stream: string;
  readonly rows: number;
  /** Metered calls; a Composite shared by several streams is counted at the first of them. */
  readonly calls: number;
  readonly route: "composite" | "rest" | "bulk" | "absent";
}

export interface ObjectAccess {
  readonly object: string;
  readonly visible: boolean;
  /** API names of the fields this user may read. */
  readonly readable: ReadonlySet<string>;
  /** API names of the fields this user may update. */
  readonly updateable: ReadonlySet<string>;
}

export type WireValue = string | number | boolean | null;

export interface WriteRow {
  /** Record id, or the external id's value for an upsert. */
  readonly key: string;
  /** Field API name to value; null clears. Instants as ISO text in UTC. */
  readonly fields: Readonly<Record<string, WireValue>>;
}

export interface WriteRequest {
  readonly object: string;
  /** `Id` (HubSpot: `hs_object_id`) updates existing records; another name upserts by that external id. */
  readonly keyField: string;
  readonly rows: readonly WriteRow[];
  /** Rows a transaction to begin with, 1..200; the connector learns from the org's answers how many it bears. */
  readonly batchSize: number;
}

export type WriteOutcome =
  | { readonly key: string; readonly ok: true; readonly id: string; readonly created: boolean }
  | {
      readonly key: string;
      readonly ok: false;
      /** The vendor's code and words, for example UNABLE_TO_LOCK_ROW. */
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
      /** The row was not sent, or nobody knows: the CRM has not refused it. */
      readonly isUnsent?: true;
    };

export interface WriteReport {
  /** One outcome a row, in input order. */
  readonly outcomes: readonly WriteOutcome[];
  /** Why the writing broke off before all rows were sent; absent where it did not. */
  readonly interrupted?: Error;
  readonly calls: number;
  /** The CRM's clock at its last answer, UTC: a large write takes longer than the instant it was computed for. */
  readonly answeredAt: Date;
}

/** Records to read by id, as they stand in the CRM now. */
export interface ReadRequest {
  readonly object: string;
  /** At most 2,000. */
  readonly ids: readonly string[];
  /** API names. */
  readonly fields: readonly string[];
}

export interface ReadReport {
  /**
   * One record an id, in input order; null where the CRM has none of this id, or a deleted one. HubSpot's values are
   * texts, as it keeps them.
   */
  readonly records: readonly (Readonly<Record<string, WireValue>> | null)[];
  readonly calls: number;
}

/** Records of ours to delete. Another object than ours is refused, whoever asks. */
export interface RemoveRequest {
  /** One of our own objects, `Ripeline_...`. */
  readonly object: string;
  /** Record ids that an earlier write of ours was answered with. */
  readonly ids: readonly string[];
}

export type RemoveOutcome =
  /** `isGone`: somebody had deleted it before, or an earlier request of ours whose answer was lost. */
  | { readonly id: string; readonly ok: true; readonly isGone: boolean }
  | {
      readonly id: string;
      readonly ok: false;
      readonly code: string;
      /** The vendor's words. */
      readonly message: string;
      readonly retryable: boolean;
    };

export interface RemoveReport {
  /** One outcome an id, in input order. */
  readonly outcomes: readonly RemoveOutcome[];
  readonly calls: number;
}

export interface OrgIdentity {
  readonly crm: CrmName;
  /** Organization id (18 characters) or portal id. */
  readonly orgId: string;
  readonly userId: string;
  readonly username: string;
  readonly instanceUrl: string;
  readonly apiVersion: string;
}

export interface ApiUsage {
  /** Metered requests this process sent since it connected, retries included. */
  readonly metered: number;
  /** The vendor's own figures, where it gave them. */
  readonly dailyUsed: number | null;
  readonly dailyLimit: number | null;
}

/** Counts our metered calls of one connection by hours, over processes and restarts. */
export interface CallLedger {
  /**
   * Adds `calls` (below zero: gives them back) to the hour of `at`, the CRM's clock, and notes the CRM's own figures.
   * @returns calls by the start of their hour, milliseconds UTC, of the 25 hours up to `at`, these included
   */
  book(entry: {
    readonly calls: number;
    readonly at: Date;
    readonly figures: { readonly used: number; readonly limit: number; readonly at: Date } | null;
  }): Promise<ReadonlyMap<number, number>>;
}

/** A file of a metadata package, path relative to the package's root. */
export interface PackageFile {
  readonly path: string;
  readonly content: string;
}

export interface DeployProblem {
  readonly component: string;
  readonly problem: string;
}

export interface DeployReport {
  readonly succeeded: boolean;
  readonly created: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
  readonly deleted: readonly string[];
  readonly problems: readonly DeployProblem[];
}

/** Active automation on an object, as the Tooling API names it. */
export interface AutomationFound {
  readonly object: string;
  readonly kind:
    | "ApexTrigger"
    | "Flow"
    | "WorkflowRule"
    | "ValidationRule"
    | "DuplicateRule"
    | "AssignmentRule";
  readonly name: string;
}

/** What the org tells about itself beside its records. */
export interface OrgFacts {
  /** Objects whose owner changes the org keeps in field history. */
  readonly tracksOwnerHistory: boolean;
  readonly tracksStatusHistory: boolean;
  readonly hasMultipleCurrencies: boolean;
  readonly automation: readonly AutomationFound[];
  readonly storageMegabytesFree: number | null;
  /** Calls the org may receive in 24 hours; null where this user may not see the limits. */
  readonly dailyCallLimit: number | null;
}

/** What to count for a prediction. UTC. */
export interface SizeRequest {
  /** Leads that came since then can be flagged at the first write. */
  readonly flaggedSince: Date;
  /** Handoffs since then get a row. */
  readonly handoffsSince: Date;
  /** Report rows begin here. */
  readonly monthsSince: Date;
}

/** How large an org is by its own counting; null where it did not answer (a time-out, an object hidden from us). */
export interface OrgSize {
  /** Leads not converted that were created since `flaggedSince`. */
  readonly openLeads: number | null;
  /** Leads not converted that a queue owns. */
  readonly queueLeads: number | null;
  readonly openOpportunities: number | null;
  /** Leads created since `handoffsSince`, and owner changes since then where the org keeps their history. */
  readonly newLeads: number | null;
  readonly ownerChanges: number | null;
  /** Active users who may own leads, and their roles. */
  readonly users: number | null;
  readonly roles: number | null;
  readonly sources: number | null;
  readonly campaigns: number | null;
  /** Campaigns that got a member, counted anew in each month since `monthsSince`. */
  readonly campaignMonths: number | null;
}

/** Records that the CRM lists, deleted and archived ones left out. */
export interface ObjectCounts {
  /** In the order of the objects; null where the org did not answer (a time-out, an object hidden from us). */
  readonly counts: readonly (number | null)[];
  /** The CRM's clock when it answered. UTC. */
  readonly at: Date;
}

/** What the CRM lets us have on one object, where that differs from plan to plan. */
export interface ObjectRoom {
  readonly object: string;
  /** The CRM has the object and shows it to us. */
  readonly isThere: boolean;
  /** An object of ours that is not there, and that may be made. */
  readonly mayBeMade: boolean;
  /** API names of our fields on it. */
  readonly fields: ReadonlySet<string>;
  /** Custom fields that may still be added; null where the CRM does not say. */
  readonly fieldsLeft: number | null;
  /** Why it is not there, or may not be made, in the CRM's words; null where nothing stands in the way. */
  readonly reason: string | null;
}

/** What the CRM tells of the account and of our token; null where it does not. */
export interface AccountProfile {
  /** STANDARD, SANDBOX, DEVELOPER_TEST, APP_DEVELOPER. */
  readonly accountType: string | null;
  /** Calls a day that come with the plan. */
  readonly dailyLimit: number | null;
  readonly missingScopes: Readonly<
    Record<"read" | "write" | "optional", readonly { readonly name: string; readonly purpose: string }[]>
  > | null;
}

/** A user by name, for `apply --assign-to`. */
export interface UserFound {
  readonly id: string;
  readonly isActive: boolean;
}

/**
 * What a connected org or portal is asked for by those who read it. Methods throw the classes of `core/errors.ts` and
 * nothing else; one that was lent for a piece of work (`OpenConnection.during`) also the reason for which that work is
 * ended.
 */
export interface ReadingConnection {
  readonly crm: CrmName;
  readonly streams: readonly StreamSpec[];
  identity(): Promise<OrgIdentity>;
  /** The CRM's clock, from the HTTP Date header. UTC. */
  serverTime(): Promise<Date>;
  access(objects: readonly string[]): Promise<readonly ObjectAccess[]>;
  facts(objects: readonly string[]): Promise<OrgFacts>;
  /**
   * Of these objects, those of which the connected user may not see every record; null where the CRM does not say. A CRM
   * that shows a user every record of an object it may read has no such method.
   */
  hiddenBySharing?(objects: readonly string[]): Promise<readonly string[] | null>;
  /** For `doctor`; a CRM whose rights are not in its token has no such method. */
  profile?(): Promise<AccountProfile>;
  pull(requests: readonly PullRequest[], sink: PageSink): Promise<readonly PullOutcome[]>;
  /** Record counts by object name, for verification. */
  count(object: string): Promise<number>;
  /** Records of each object as the CRM counts them now, at most five objects in one call. */
  counts(objects: readonly string[]): Promise<ObjectCounts>;
  usage(): ApiUsage;
  close(): Promise<void>;
}

/** One connected org or portal that is also written to. */
export interface Connection extends ReadingConnection {
  write(request: WriteRequest): Promise<WriteReport>;
  /** Rows of an object that one call of `write` carries now. @param batchSize as in the request to come */
  rowsPerCall(object: string, batchSize: number): number;
  /** Values as they stand now, before something of ours is taken back. */
  read(request: ReadRequest): Promise<ReadReport>;
  /** Deletes records of our own objects. @throws RequestRefusedError for anybody else's object or record */
  remove(request: RemoveRequest): Promise<RemoveReport>;
  /** Ids of leads whose owner the connected user changed since then, by the CRM's own history; at most 2,000. */
  ownersMoved(since: Date): Promise<readonly string[]>;
  /** Counts for a prediction; a few metered calls. */
  size(request: SizeRequest): Promise<OrgSize>;
  deploy(files: readonly PackageFile[], options: { readonly checkOnly: boolean }): Promise<DeployReport>;
  /** Null where the org has no user of this name. */
  findUser(username: string): Promise<UserFound | null>;
  /**
   * Gives a user (the connected one unless told otherwise) the permission set; does nothing where it has it. A CRM whose
   * tokens carry their rights themselves answers "not needed".
   */
  assignPermissionSet(name: string, userId?: string): Promise<"assigned" | "already assigned" | "not needed">;
  /** What may be made on these objects; a few metered calls. A CRM in which that does not differ by plan has no such method. */
  room?(objects: readonly string[]): Promise<readonly ObjectRoom[]>;
}

interface Owned<Lent> {
  /**
   * The same connection for one piece of work: same session, same count of calls. When `signal` aborts, requests under
   * way and waits between them end with its reason.
   * @param use `reserve`: reads, too, may take what is kept of the day's calls for flags on records
   */
  during(signal: AbortSignal, use?: "reserve"): Lent;
  /** Gives calls that were booked ahead and not sent back to the ledger; meant for the end of a piece of work. */
  settle(): Promise<void>;
}

/** The connection as its owner has it. */
export interface OpenConnection extends Connection, Owned<Connection> {}

/** As {@link OpenConnection}, of a CRM that is only read. */
export interface OpenReadingConnection extends ReadingConnection, Owned<ReadingConnection> {}
