import type { Confidence } from "../operation.ts";

/** A refusal of the emulated portal; `{name}` in the words is filled in. */
export interface HubSpotRefusalEntry {
  readonly status: number;
  /** Absent where the body has none. */
  readonly category?: string;
  readonly subCategory?: string;
  readonly words: string;
  readonly documentation: string;
  /** Of the words; the status alone is surer. */
  readonly confidence: Confidence;
  readonly notes?: string;
}

const ERRORS = "https://developers.hubspot.com/docs/api-reference/error-handling";
const SEARCH = "https://developers.hubspot.com/docs/api-reference/search/guide";
const OBJECTS = "https://developers.hubspot.com/docs/guides/crm/using-object-apis";
const LIMITS = "https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines";
const PROPERTIES = "https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide";
const ASSOCIATIONS = "https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide";
const OAUTH =
  "https://developers.hubspot.com/changelog/new-oauth-v3-api-endpoints-and-standardized-error-responses";
const LISTS = "https://developers.hubspot.com/docs/api-reference/crm-lists-v3/guide";
const PIPELINES = "https://developers.hubspot.com/docs/api-reference/crm-pipelines-v3/guide";
const CAMPAIGNS = "https://developers.hubspot.com/docs/api-reference/marketing-campaigns-public-api-v3/guide";
const EXCHANGE = "https://developers.hubspot.com/docs/api-reference/crm-imports-v3/guide";
const SCHEMAS = "https://developers.hubspot.com/docs/api-reference/crm-schemas-v3/guide";
const RULES = "https://developers.hubspot.com/changelog/crm-api-write-validation-enforcement";

const invalid = {
  status: 400,
  category: "VALIDATION_ERROR",
  documentation: ERRORS,
  confidence: "unconfirmed",
} as const;
const missing = {
  status: 404,
  category: "OBJECT_NOT_FOUND",
  documentation: ERRORS,
  confidence: "unconfirmed",
} as const;

/** Everything the emulated portal refuses, with its words and how sure we are of them. */
export const hubspotRefusals = {
  assertion: {
    ...invalid,
    category: "EMULATOR_ASSERTION",
    words: "the emulator refuses what HubSpot would silently ignore: {what}",
    notes: "Ours, not HubSpot's: on until the setting assertions is false.",
  },
  invalid_json: { ...invalid, words: "Invalid input JSON on line 1, column 1: {reason}" },
  invalid_parameter: { ...invalid, words: "{name} must be {expected}" },
  unsupported_media_type: { ...invalid, status: 415, words: "Unsupported Media Type: {type}" },
  unknown_path: { ...missing, category: "RESOURCE_NOT_FOUND", words: "resource not found" },
  method_not_allowed: {
    ...invalid,
    status: 405,
    category: "METHOD_NOT_ALLOWED",
    words: "HTTP 405 Method Not Allowed",
  },
  unauthenticated: {
    status: 401,
    category: "INVALID_AUTHENTICATION",
    words:
      "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    documentation: ERRORS,
    confidence: "recorded",
  },
  expired_token: {
    status: 401,
    category: "EXPIRED_AUTHENTICATION",
    words: "The OAuth token used to make this call expired {seconds} second(s) ago.",
    documentation: ERRORS,
    confidence: "unconfirmed",
  },
  missing_scopes: {
    status: 403,
    category: "MISSING_SCOPES",
    words:
      "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
    documentation: "https://developers.hubspot.com/scopes",
    confidence: "recorded",
    notes: "No rate headers. context.requiredGranularScopes, any one is enough.",
  },
  missing_scopes_text: {
    status: 403,
    words: "You do not have permissions to view {object} properties. Required: {scopes}",
    documentation: "https://developers.hubspot.com/scopes",
    confidence: "unconfirmed",
    notes: "Properties answer so: plain text with rate headers; the form is recorded, the words are ours.",
  },
  missing_tier: {
    status: 403,
    category: "FORBIDDEN",
    words: "This account does not have access to {feature}: it needs {tier}.",
    documentation: OBJECTS,
    confidence: "unconfirmed",
    notes: "Tiers are documented, the body is not.",
  },
  not_for_service_keys: {
    status: 403,
    category: "FORBIDDEN",
    words: "{what} is not available to this kind of credential.",
    documentation: "https://developers.hubspot.com/changelog/service-keys",
    confidence: "unconfirmed",
  },
  rate_ten_secondly: {
    status: 429,
    words: "You have reached your ten_secondly_rolling limit.",
    documentation: LIMITS,
    confidence: "recorded",
    notes: "errorType RATE_LIMIT, policyName TEN_SECONDLY_ROLLING, groupName.",
  },
  rate_search: {
    status: 429,
    category: "RATE_LIMITS",
    words: "You have reached your secondly limit.",
    documentation: LIMITS,
    confidence: "recorded",
    notes: "No policyName and no Retry-After; the setting searchLimitBody gives the other form seen.",
  },
  rate_daily: {
    status: 429,
    words: "You have reached your daily limit.",
    documentation: LIMITS,
    confidence: "recorded",
    notes: "errorType RATE_LIMIT, policyName DAILY, requestId.",
  },
  rate_cloudflare: {
    status: 429,
    words: "error code: 1015",
    documentation: LIMITS,
    confidence: "recorded",
    notes: "text/plain, or without a content type.",
  },
  locked: {
    status: 423,
    category: "RATE_LIMITS",
    words: "The resource is locked by too many requests; wait at least 2 seconds.",
    documentation: ERRORS,
    confidence: "unconfirmed",
  },
  migrating: {
    status: 477,
    category: "MIGRATION_IN_PROGRESS",
    words: "The account is being moved to another data center.",
    documentation: ERRORS,
    confidence: "unconfirmed",
    notes: "Retry-After in seconds, up to a day.",
  },
  internal: {
    status: 500,
    category: "INTERNAL_ERROR",
    words: "internal error",
    documentation: ERRORS,
    confidence: "unconfirmed",
  },
  gateway_timeout: { ...invalid, status: 504, category: "TIMEOUT", words: "request timed out" },
  unknown_object_type: {
    ...invalid,
    words: "Unable to infer object type from: {name}",
    confidence: "recorded",
  },
  invalid_properties: {
    ...invalid,
    words: "Property values were not valid: {details}",
    confidence: "recorded",
    notes:
      "PROPERTY_DOESNT_EXIST, READ_ONLY_VALUE, INVALID_OPTION, INVALID_INTEGER, INVALID_LONG, INVALID_DATE, INVALID_EMAIL and more. The first and the numbers are recorded, the rest are not.",
  },
  missing_required: {
    ...invalid,
    words: "Error creating {object}. Some required properties were not set.",
    notes: "context.properties names them.",
  },
  rule_broken: {
    ...invalid,
    words: "{message}",
    documentation: RULES,
    notes: "Paths of 2026-09 only. The category is documented, the words are the rule's.",
  },
  record_not_found: {
    ...missing,
    words: "Object not found.  objectId are usually numeric.",
    confidence: "recorded",
    notes: "An HTML page with X-HubSpot-NotFound under Accept: */*.",
  },
  records_not_found: {
    ...missing,
    status: 207,
    words: "Could not get some {object} objects, they may be deleted or not exist. Check that ids are valid.",
    confidence: "recorded",
  },
  contact_exists: {
    ...invalid,
    status: 409,
    category: "CONFLICT",
    words: "Contact already exists. Existing ID: {id}",
    confidence: "recorded",
    notes: "Refuses the whole batch, naming only the first, unless the inputs have objectWriteTraceId.",
  },
  value_taken: {
    ...invalid,
    words: "{name} already has that value. Existing ID: {id}",
    documentation: PROPERTIES,
  },
  too_many_inputs: {
    ...invalid,
    words: "The maximum number of inputs supported in a batch request is {limit}; {count} were sent.",
  },
  too_many_history_inputs: {
    ...invalid,
    words:
      "The maximum number of inputs supported in a batch request for property histories is 50; {count} were sent.",
    notes: "The beginning is recorded.",
  },
  duplicate_inputs: {
    ...invalid,
    words: "Duplicate IDs found in batch input: [{ids}]. IDs must be unique",
    notes: "The beginning is recorded.",
  },
  non_unique_id_property: {
    ...invalid,
    words: "Unable to perform update/upsert by non-unique {type} property {name} in portal ID {portal}",
    confidence: "recorded",
  },
  page_limit: { ...invalid, words: "limit must be between 1 and {limit}, was {given}" },
  search_too_deep: {
    ...invalid,
    words: "Search results are limited to the first 10,000; after {after} with limit {limit} is beyond.",
    documentation: SEARCH,
  },
  search_filters: {
    ...invalid,
    words: "There was a problem with the request: {reason}",
    documentation: SEARCH,
  },
  unknown_filter_property: {
    ...invalid,
    words: "There was a problem with the request: there is no property '{name}'",
    documentation: SEARCH,
  },
  query_too_long: {
    ...invalid,
    words: "The query exceeds the maximum of 3000 characters.",
    documentation: SEARCH,
  },
  merge_impossible: { ...invalid, words: "The objects could not be merged: {reason}" },
  lead_without_contact: {
    ...invalid,
    words: "A lead must be associated with a contact or a company.",
    documentation: "https://developers.hubspot.com/docs/api-reference/crm-leads-v3/guide",
  },
  association_not_valid: {
    ...invalid,
    words: "{object}={id} is not valid",
    documentation: ASSOCIATIONS,
    confidence: "recorded",
    notes: "In a batch 207 without context.",
  },
  association_type_unknown: {
    ...invalid,
    words: "{typeId} is no association type from {from} to {to}",
    documentation: ASSOCIATIONS,
  },
  no_associations: {
    ...missing,
    status: 207,
    subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
    words: "No {to} is associated with {from} {id}.",
    documentation: ASSOCIATIONS,
  },
  too_many_labels: {
    status: 437,
    category: "VALIDATION_ERROR",
    words: "There can be at most 50 association labels between two objects.",
    documentation: ASSOCIATIONS,
    confidence: "unconfirmed",
    notes: "The status is seen run.",
  },
  label_exists: { ...invalid, status: 409, category: "CONFLICT", words: "The label {name} exists already." },
  property_not_found: {
    ...missing,
    subCategory: "Properties.PROPERTY_NOT_FOUND",
    words: "Property {name} does not exist",
    documentation: PROPERTIES,
  },
  property_exists: {
    ...invalid,
    status: 409,
    category: "OBJECT_ALREADY_EXISTS",
    subCategory: "Properties.PROPERTY_WITH_NAME_EXISTS",
    words: "A property named '{name}' already exists.",
    documentation: PROPERTIES,
    notes: "Status and subCategory are seen run.",
  },
  property_definition: {
    ...invalid,
    words: "Invalid property definition: {reason}",
    documentation: PROPERTIES,
  },
  property_in_use: {
    ...invalid,
    words: "Property {name} is in use and cannot be archived: {uses}",
    documentation: PROPERTIES,
    notes: "Status seen run, the words are ours.",
  },
  property_built_in: {
    ...invalid,
    words: "Property {name} is defined by HubSpot and cannot be changed so",
    documentation: PROPERTIES,
  },
  group_not_found: { ...missing, words: "Property group {name} does not exist", documentation: PROPERTIES },
  group_exists: {
    ...invalid,
    status: 409,
    category: "OBJECT_ALREADY_EXISTS",
    words: "A property group named '{name}' already exists.",
    documentation: PROPERTIES,
  },
  group_in_use: {
    ...invalid,
    words: "Property group {name} is in use and cannot be archived: {uses}",
    documentation: PROPERTIES,
  },
  limit_reached: { ...invalid, words: "The account's limit of {limit} {what} is reached." },
  pipeline_not_found: {
    ...missing,
    words: "",
    documentation: PIPELINES,
    confidence: "seen run",
    notes: "An empty body under Accept: application/json, a page otherwise.",
  },
  stage_in_use: {
    ...invalid,
    category: "STAGE_ID_IN_USE",
    words: "Stage {id} is in use by records: {count}",
    documentation: PIPELINES,
    notes: "Status and category are seen run.",
  },
  pipeline_in_use: {
    ...invalid,
    category: "PIPELINE_ID_IN_USE",
    words: "Pipeline {id} is in use by records: {count}",
    documentation: PIPELINES,
  },
  pipeline_definition: { ...invalid, words: "Invalid pipeline: {reason}", documentation: PIPELINES },
  owner_not_found: { ...missing, words: "Owner {id} does not exist" },
  schema_not_found: { ...missing, words: "Unable to infer object type from: {name}", documentation: SCHEMAS },
  schema_definition: { ...invalid, words: "Invalid object schema: {reason}", documentation: SCHEMAS },
  schema_exists: {
    ...invalid,
    status: 409,
    category: "OBJECT_ALREADY_EXISTS",
    words: "An object type named {name} exists already.",
    documentation: SCHEMAS,
    notes: "Seen run: 201 or 409.",
  },
  schema_in_use: {
    ...invalid,
    words: "The object type {name} has {count} records and cannot be deleted.",
    documentation: SCHEMAS,
  },
  list_not_found: {
    ...missing,
    subCategory: "ListError.LIST_ID_DOES_NOT_EXIST",
    words: "List does not exist with ID {id}.",
    documentation: LISTS,
    confidence: "recorded",
  },
  list_name_taken: {
    ...invalid,
    status: 400,
    subCategory: "ListError.DUPLICATE_LIST_NAMES",
    words: "A list with the name {name} exists already.",
    documentation: LISTS,
  },
  list_definition: { ...invalid, words: "Invalid list: {reason}", documentation: LISTS },
  campaign_not_found: { ...missing, words: "Campaign {id} does not exist", documentation: CAMPAIGNS },
  item_not_found: { ...missing, words: "Item {id} does not exist", documentation: CAMPAIGNS },
  asset_type_unknown: { ...invalid, words: "Unknown asset type {type}", documentation: CAMPAIGNS },
  export_not_found: { ...missing, words: "Export {id} does not exist", documentation: EXCHANGE },
  export_limit: {
    status: 429,
    category: "RATE_LIMITS",
    words: "At most 30 exports in 24 hours, one at a time.",
    documentation: "https://developers.hubspot.com/docs/api-reference/crm-exports-v3/guide",
    confidence: "unconfirmed",
  },
  import_not_found: { ...missing, words: "Import {id} does not exist", documentation: EXCHANGE },
  import_definition: { ...invalid, words: "Invalid import request: {reason}", documentation: EXCHANGE },
  import_too_large: {
    status: 429,
    category: "RATE_LIMITS",
    words: "The import is too large: {reason}",
    documentation: EXCHANGE,
    confidence: "unconfirmed",
  },
  grant_refused: {
    status: 400,
    words: "{description}",
    documentation: OAUTH,
    confidence: "documented",
    notes: "error, error_description, status, message.",
  },
  journal_empty: { ...missing, status: 204, words: "", documentation: ERRORS },
  subscription_not_found: { ...missing, words: "Subscription {id} does not exist" },
} as const satisfies Readonly<Record<string, HubSpotRefusalEntry>>;

export type HubSpotRefusalName = keyof typeof hubspotRefusals;
