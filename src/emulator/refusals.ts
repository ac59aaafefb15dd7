/** What the emulated CRM refuses, as data: code, status, words, and how sure we are of them. */
import type { Confidence } from "./operations.ts";

/** A refusal of one record, or of a request, as the emulated CRM words it. */
export interface Refusal {
  readonly code: string;
  /** HTTP status where it stands alone; in a collection or a Bulk job it is its row's. */
  readonly status: number;
  readonly words: string;
  readonly documentation: string;
  /** Of the words: the code itself is in the vendor's enumeration. */
  readonly confidence: Confidence;
  readonly notes: string;
}

const REST = "https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest";
const BULK = "https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch";
const CODES =
  "https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm";

const row = { status: 400, documentation: CODES, confidence: "unconfirmed", notes: "" } as const;

/** Everything a saved or deleted record can be refused for, and what faults put in an answer's place. */
export const refusals: readonly Refusal[] = [
  {
    ...row,
    code: "INACTIVE_OWNER_OR_USER",
    words: "operation performed with inactive user [ID] as owner of lead",
    notes:
      "On create, and on update where the owner changes: Account, Contact, Lead, Opportunity, custom objects. Lifted by UpdateWithInactiveOwner. Words from users' logs of contacts and leads; what stands for a custom object is not known.",
  },
  {
    ...row,
    code: "TRANSFER_REQUIRES_READ",
    words: "The new owner must have read permission",
    notes:
      "Custom objects: read by a permission set, the profile, or View All Data. Everybody reads standard objects here. Words from users' logs.",
  },
  {
    ...row,
    code: "INVALID_OPERATION",
    words: "Queue not associated with this SObject type",
    notes: "A queue without the object in QueueSobject, or a group that is no queue. Words from users' logs.",
  },
  {
    ...row,
    code: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    words: "the rule's own",
    confidence: "documented",
    notes: "All rules the row breaks, each at its field.",
  },
  {
    ...row,
    code: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    words: "LeadTrigger: System.LimitException: Too many SOQL queries: 101",
    notes:
      "Every row of the transaction; also Apex CPU time limit exceeded. Words from users' logs. For objects that take no writes the words are ours.",
  },
  {
    ...row,
    code: "CANNOT_EXECUTE_FLOW_TRIGGER",
    words: "We can't save this record because the “Lead After Save” process failed. ...",
  },
  {
    ...row,
    code: "DUPLICATES_DETECTED",
    words: "Use one of these records?",
    documentation: `${REST}/headers_duplicaterules.htm`,
    confidence: "recorded",
    notes:
      "allowSave overrules an alert, never a block. duplicateResut is the vendor's spelling (logs of API 50.0 and 51.0) and stands in single-record answers only.",
  },
  {
    ...row,
    code: "UNABLE_TO_LOCK_ROW",
    words: "unable to obtain exclusive access to this record or 1 records: ID",
    notes: "Words from users' logs; no recording has one.",
  },
  {
    ...row,
    code: "ENTITY_IS_LOCKED",
    words: "the entity is locked for editing",
    notes: "Approval. The admin and who has Modify All pass. Words from a vendor's support page.",
  },
  {
    ...row,
    code: "STORAGE_LIMIT_EXCEEDED",
    words: "storage limit exceeded",
    notes: "Words from users' logs.",
  },
  {
    ...row,
    code: "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    status: 403,
    words: "insufficient access rights on cross-reference id: ID",
    notes: "A record that sharing hides, written or named as a parent.",
  },
  {
    ...row,
    code: "INSUFFICIENT_ACCESS_OR_READONLY",
    status: 403,
    words: "insufficient access rights on object id",
  },
  {
    ...row,
    code: "ENTITY_IS_DELETED",
    status: 404,
    words: "entity is deleted",
    confidence: "recorded",
  },
  {
    ...row,
    code: "INVALID_CROSS_REFERENCE_KEY",
    words: "invalid cross reference id",
    confidence: "recorded",
    notes: "404 where it is the record's own id.",
  },
  {
    ...row,
    code: "MALFORMED_ID",
    words: "malformed id ID",
    notes: "In a field: LABEL: id value of incorrect type: ID.",
  },
  {
    ...row,
    code: "DELETE_FAILED",
    words: "Your attempt to delete ID could not be completed because it is associated with ...",
    notes: "A lookup with deleteConstraint Restrict.",
  },
  { ...row, code: "UNDELETE_FAILED", words: "Entity is not in the recycle bin", notes: "Control API." },
  {
    ...row,
    code: "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    words: "Record rolled back because not all records were valid and the request was using AllOrNone header",
    confidence: "recorded",
  },
  {
    ...row,
    code: "INVALID_FIELD",
    words: "No such column 'X' on sobject of type Lead",
    confidence: "recorded",
    notes: "A field that the user may not read is unknown in the same words.",
  },
  {
    ...row,
    code: "INVALID_FIELD_FOR_INSERT_UPDATE",
    words: "Unable to create/update fields: X. Please check the security settings of this field ...",
    confidence: "documented",
  },
  {
    ...row,
    code: "REQUIRED_FIELD_MISSING",
    words: "Required fields are missing: [X]",
    confidence: "recorded",
  },
  { ...row, code: "STRING_TOO_LONG", words: "LABEL: data value too large: TEXT (max length=N)" },
  {
    ...row,
    code: "NUMBER_OUTSIDE_VALID_RANGE",
    words: "LABEL: value outside of valid range on numeric field: N",
  },
  {
    ...row,
    code: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    words: "LABEL: bad value for restricted picklist field: X",
  },
  { ...row, code: "FIELD_INTEGRITY_EXCEPTION", words: "LABEL: id value of incorrect type: ID" },
  { ...row, code: "INVALID_TYPE_ON_FIELD_IN_RECORD", words: "LABEL: value not of required type: X" },
  { ...row, code: "INVALID_EMAIL_ADDRESS", words: "LABEL: invalid email address: X" },
  {
    ...row,
    code: "DUPLICATE_VALUE",
    words: "duplicate value found: FIELD duplicates value on record with id: ID",
  },
  {
    ...row,
    code: "DUPLICATE_EXTERNAL_ID",
    words: "FIELD: more than one record found for external id field: [ID, ID]",
  },
  { ...row, code: "CANNOT_UPDATE_CONVERTED_LEAD", words: "cannot reference converted lead" },
  {
    ...row,
    code: "MISSING_ARGUMENT",
    words: "Id not specified in an update call",
    confidence: "recorded",
  },
  {
    code: "INVALID_SESSION_ID",
    status: 401,
    words: "Session expired or invalid",
    documentation: `${REST}/errorcodes.htm`,
    confidence: "recorded",
    notes: "Faults expired_session (one answer), expired_token (the session), revoked_token (every grant).",
  },
  {
    code: "REQUEST_LIMIT_EXCEEDED",
    status: 403,
    words: "TotalRequests Limit exceeded.",
    documentation: `${REST}/errorcodes.htm`,
    confidence: "unconfirmed",
    notes: "concurrent_limit says ConcurrentPerOrgLongTxn Limit exceeded.",
  },
  {
    code: "INVALID_QUERY_LOCATOR",
    status: 400,
    words: "invalid query locator",
    documentation: `${REST}/errorcodes.htm`,
    confidence: "unconfirmed",
    notes: "A Bulk job that is gone is 404 NOT_FOUND.",
  },
  {
    code: "NOT_FOUND",
    status: 404,
    words: "The requested resource does not exist",
    documentation: `${REST}/errorcodes.htm`,
    confidence: "recorded",
    notes: "",
  },
  {
    code: "INVALID_TYPE",
    status: 400,
    words: "sObject type 'X' is not supported.",
    documentation: `${REST}/errorcodes.htm`,
    confidence: "recorded",
    notes: "",
  },
  {
    code: "INVALIDJOB",
    status: 400,
    words: "InvalidJob : the job is no longer valid",
    documentation: `${BULK}/asynch_api_reference_errors.htm`,
    confidence: "unconfirmed",
    notes: "",
  },
];
