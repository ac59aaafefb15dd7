/**
 * The seam inside the Salesforce half of the emulator: `wire/` speaks HTTP and knows nothing of records,
 * `engine/` keeps records and knows nothing of HTTP. This file holds the words both use.
 */
import type { Clock } from "../../core/time.ts";

/** A value as the REST API prints it: dates `YYYY-MM-DD`, instants `YYYY-MM-DDTHH:mm:ss.000+0000`. */
export type CellValue = string | number | boolean | null;

export type FieldValues = Readonly<Record<string, unknown>>;

export type FieldType =
  | "id"
  | "reference"
  | "string"
  | "textarea"
  | "picklist"
  | "multipicklist"
  | "email"
  | "phone"
  | "url"
  | "boolean"
  | "int"
  | "double"
  | "currency"
  | "percent"
  | "date"
  | "datetime"
  | "time";

/** A refusal in the vendor's words. `wire/` turns it into the vendor's body; nothing else prints it. */
export class VendorError extends Error {
  readonly status: number;
  readonly errorCode: string;
  /** Present (perhaps empty) only where the vendor's body has the key: DML errors have it, query errors do not. */
  readonly fields: readonly string[] | undefined;
  constructor(status: number, errorCode: string, message: string, fields?: readonly string[]) {
    super(message);
    this.name = "VendorError";
    this.status = status;
    this.errorCode = errorCode;
    this.fields = fields;
  }
}

/** What one row of a load cannot be; the control API names its line. */
export class LoadRowError extends VendorError {
  /** Position among the rows handed over, from 0. */
  readonly row: number;
  constructor(refusal: VendorError, row: number) {
    super(refusal.status, refusal.errorCode, refusal.message, refusal.fields);
    this.name = "LoadRowError";
    this.row = row;
  }
}

/** Who is asking. Field-level security, assignment rules and CreatedById follow from it. */
export interface Session {
  readonly userId: string;
  readonly username: string;
  /** The admin's session sees and writes everything; the integration user's sees what a permission set grants. */
  readonly isAdmin: boolean;
}

export interface SaveError {
  readonly statusCode: string;
  readonly message: string;
  readonly fields: readonly string[];
  /** What a duplicate rule found. */
  readonly duplicates?: {
    readonly object: string;
    readonly rule: string;
    /** The caller may save all the same by saying so. */
    readonly isSaveAllowed: boolean;
    readonly ids: readonly string[];
  };
}

/** Outcome of one row, in input order. A failed row has no id; `created` stands only in upsert rows. */
export interface SaveResult {
  readonly id?: string;
  readonly success: boolean;
  readonly created?: boolean;
  readonly errors: readonly SaveError[];
}

export interface WriteOptions {
  /** Header Sforce-Auto-Assign; the vendor's default is true. */
  readonly autoAssign: boolean;
  /** Header Sforce-Duplicate-Rule-Header allowSave; the vendor's default is false. */
  readonly allowDuplicates: boolean;
  readonly allOrNone: boolean;
  /** REST operation name for the write log, for example `composite/sobjects PATCH` or `bulk ingest update`. */
  readonly operation: string;
}

/** `json`: values that `JSON.stringify` prints as the vendor does (`14.0`) and that nothing else should read. */
export type RecordsFor = "reading" | "json";

/** Rows of one evaluated SOQL statement: a snapshot of row numbers, its values read when asked. */
export interface QueryResult {
  readonly entity: string;
  /** Output columns in SELECT order, relationship paths with dots (`Owner.Name`). */
  readonly columns: readonly string[];
  readonly totalSize: number;
  /** True for `SELECT COUNT()`: no records, only totalSize. */
  readonly isCountOnly: boolean;
  /** Upper bound of rows per page: lower with long text fields or many columns, as the vendor's. */
  readonly maxPageRows: number;
  /** REST shape of row `index`, `attributes` included; relationships nested. */
  record(index: number): Record<string, unknown>;
  /** Flat values in `columns` order, for Bulk CSV. */
  cells(index: number): readonly CellValue[];
}

export interface DeployComponent {
  /** CustomObject, CustomField, PermissionSet, ListView, ... */
  readonly type: string;
  /** `Ripeline_Handoff__c`, `Lead.Ripeline_Clock__c`, ... */
  readonly fullName: string;
  /** Path in the zip. */
  readonly fileName: string;
  /** The component's parsed XML; repeated elements are arrays. */
  readonly content: Readonly<Record<string, unknown>>;
}

export interface DeployMessage {
  readonly componentType: string;
  readonly fullName: string;
  readonly fileName: string;
  readonly success: boolean;
  readonly created: boolean;
  readonly changed: boolean;
  readonly deleted: boolean;
  readonly problem?: string;
  readonly problemType?: "Error" | "Warning";
  readonly lineNumber?: number;
}

/** One successful write of one record, for `GET control/requests`. */
export interface WriteLogEntry {
  readonly at: string;
  readonly crm: "salesforce";
  readonly operation: string;
  readonly object: string;
  readonly id: string;
  /** Names of the fields the caller sent. */
  readonly fields: readonly string[];
}

/** Ends a unit of work; one of the two is called, once. */
export interface Savepoint {
  release(): void;
  /** Takes back every record, history row and write-log entry since the savepoint. */
  rollback(): void;
}

/** One Salesforce org in memory. All methods throw {@link VendorError} for what the vendor refuses. */
export interface Org {
  /** 18 characters, `00D...`. */
  readonly organizationId: string;
  readonly clock: Clock;
  readonly integrationUser: { readonly id: string; readonly username: string };
  readonly adminUser: { readonly id: string; readonly username: string };
  readonly writes: readonly WriteLogEntry[];
  /** Records of business objects, for the data-storage limit. */
  recordCount(): number;
  /** The same when the start company was loaded; 0 without one. */
  recordCountAtStart(): number;
  /** Records by object, without those deleted, archived or empty objects. */
  recordCounts(): readonly { readonly name: string; readonly count: number }[];
  /** Records that data storage holds at most; undefined: as many as the edition gives. */
  storageLimit(): number | undefined;
  /** Records of an object deleted in [from, until), oldest first, also those gone for good. */
  deletedRecords(
    session: Session,
    object: string,
    from: Date,
    until: Date,
  ): readonly { readonly id: string; readonly deletedAt: Date }[];

  /** Evaluates a SOQL statement. `all` is queryAll: deleted, merged and archived rows too. */
  query(
    session: Session,
    soql: string,
    options: { readonly all: boolean; readonly tooling?: boolean; readonly recordsFor?: RecordsFor },
  ): QueryResult;
  describeGlobal(session: Session): readonly Record<string, unknown>[];
  describe(session: Session, object: string): Record<string, unknown>;
  /** Moves with every metadata change; ETag and Last-Modified of /sobjects and of every describe come from it. */
  metadataChangedAt(): Date;

  /** `fields` undefined: every visible field. @throws VendorError NOT_FOUND */
  retrieve(
    session: Session,
    object: string,
    id: string,
    fields?: readonly string[],
    recordsFor?: RecordsFor,
  ): Record<string, unknown>;
  insert(session: Session, object: string, rows: readonly FieldValues[], options: WriteOptions): SaveResult[];
  update(session: Session, object: string, rows: readonly FieldValues[], options: WriteOptions): SaveResult[];
  upsert(
    session: Session,
    object: string,
    externalIdField: string,
    rows: readonly FieldValues[],
    options: WriteOptions,
  ): SaveResult[];
  /** Ids may be of different objects. */
  remove(session: Session, ids: readonly string[], options: WriteOptions): SaveResult[];
  /** Object name behind an id's key prefix, or undefined. */
  objectOfId(id: string): string | undefined;
  /**
   * Begins a unit of DML that can be undone (allOrNone over several calls of the methods above). Savepoints nest and
   * end in reverse order; the wire ends them before anything else can run. Not for deploy or load.
   */
  savepoint(): Savepoint;

  /** Applies components in dependency order, or only checks them. */
  deploy(
    session: Session,
    components: readonly DeployComponent[],
    destructive: readonly { readonly type: string; readonly fullName: string }[],
    options: { readonly checkOnly: boolean; readonly rollbackOnError: boolean },
  ): DeployMessage[];

  /**
   * Control load: upsert by Id (an Id is made when absent), audit fields allowed, derived fields derived unless
   * given, no automation, no write log. Loading LeadHistory Owner rows means the org tracks Owner.
   * @throws LoadRowError 400 for a row with an unknown field, an unreadable value or a wrong id
   */
  load(object: string, rows: Iterable<FieldValues>): { readonly loaded: number };
  /** Every record, deleted ones too, all fields, formula fields evaluated at the org's clock. */
  dump(object: string): Iterable<Record<string, unknown>>;
  /** Back to the state right after the start company was loaded; deployed metadata gone, logs emptied. */
  reset(): void;
  /** Called once by the server when the start company is in. */
  markStart(): void;
}

/** Fields of a formula's own record (`Ripeline_Clock__c`, `OwnerId`); dotted parents are not used by ours. */
export type FormulaFieldReader = (field: string) => CellValue;

export interface CompiledFormula {
  /** API names it reads, as written in the object's definition. */
  readonly references: readonly string[];
  evaluate(read: FormulaFieldReader, now: Date): CellValue;
}

export interface FormulaContext {
  /** Type of a field of the object, undefined if there is none. Names are case-insensitive, as at the vendor. */
  fieldType(name: string): FieldType | undefined;
}

/** @throws FormulaError with the vendor's words for a syntax error, an unknown field or an unknown function. */
export type CompileFormula = (source: string, returns: FieldType, context: FormulaContext) => CompiledFormula;
