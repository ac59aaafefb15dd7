import type { Operation } from "../../operation.ts";

const OBJECTS = "https://developers.hubspot.com/docs/guides/crm/using-object-apis";
const SEARCH = "https://developers.hubspot.com/docs/api-reference/search/guide";
const ASSOCIATIONS = "https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide";

const base = { crm: "hubspot", metered: true, session: true, parameters: [] } as const;
const record = { ...base, documentation: OBJECTS } as const;
const link = { ...base, documentation: ASSOCIATIONS } as const;

/**
 * Records and what links them. Paths are the dated ones; `/crm/v3/objects/…` and its kin lead to the same. More
 * definite paths come first.
 */
export const objectOperations = [
  {
    ...record,
    name: "objects/search",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}/search",
    documentation: SEARCH,
    confidence: "recorded",
    notes:
      "200 a page, 10,000 a query, one sort, 5 groups of 6 filters. Words of the refusals are ours, and so are the five seconds by which the index lags (searchIndexLagSeconds; HubSpot says a few moments).",
  },
  {
    ...record,
    name: "objects/batch/read",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}/batch/read",
    parameters: ["archived"],
    confidence: "recorded",
    notes: "100 records, 50 with histories; 207 names missing ids.",
  },
  {
    ...record,
    name: "objects/batch/create",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}/batch/create",
    confidence: "recorded",
    notes: "All or nothing, unless inputs have objectWriteTraceId: then 207. Results come in reverse.",
  },
  {
    ...record,
    name: "objects/batch/update",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}/batch/update",
    confidence: "unconfirmed",
    notes:
      "The answer has part of the record. One bad value refuses the batch (setting batchInvalidValue); merged ids are left out (batchMergedId).",
  },
  {
    ...record,
    name: "objects/batch/upsert",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}/batch/upsert",
    confidence: "documented",
    notes:
      "By a unique property; results in no particular order, each with new. More than 2,000 rows of an object in ten seconds lock it for two, 423: the status is documented, the number is ours (lockAfterUpserts).",
  },
  {
    ...record,
    name: "objects/batch/archive",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}/batch/archive",
    confidence: "recorded",
    notes: "204, also for ids that are not there.",
  },
  {
    ...record,
    name: "objects/merge",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}/merge",
    confidence: "unconfirmed",
    notes: "The survivor keeps its id (setting mergeCreatesRecord).",
  },
  {
    ...record,
    name: "objects/gdpr-delete",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}/gdpr-delete",
    confidence: "documented",
    notes: "Contacts only; by id or by a unique property.",
  },
  {
    ...record,
    name: "objects GET",
    method: "GET",
    path: "/crm/objects/{version}/{objectType}",
    parameters: ["limit", "after", "properties", "propertiesWithHistory", "associations", "archived"],
    confidence: "recorded",
    notes:
      "after is the last id plus one. Without the scope sales-email-read the content of e-mails is null here and in every other read; how HubSpot words it is not confirmed.",
  },
  {
    ...record,
    name: "objects POST",
    method: "POST",
    path: "/crm/objects/{version}/{objectType}",
    confidence: "recorded",
    notes: "201 with an absolute Location.",
  },
  {
    ...link,
    name: "record/associations GET",
    method: "GET",
    path: "/crm/objects/{version}/{objectType}/{objectId}/associations/{toObjectType}",
    parameters: ["limit", "after"],
    confidence: "documented",
    notes: "500 a page.",
  },
  {
    ...link,
    name: "record/associations/default PUT",
    method: "PUT",
    path: "/crm/objects/{version}/{objectType}/{objectId}/associations/default/{toObjectType}/{toObjectId}",
    confidence: "documented",
    notes: "",
  },
  {
    ...link,
    name: "record/associations PUT",
    method: "PUT",
    path: "/crm/objects/{version}/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId}",
    confidence: "recorded",
    notes: "201 with numeric ids.",
  },
  {
    ...link,
    name: "record/associations DELETE",
    method: "DELETE",
    path: "/crm/objects/{version}/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId}",
    confidence: "documented",
    notes: "A lead without any contact or company is deleted with its last link.",
  },
  {
    ...record,
    name: "record GET",
    method: "GET",
    path: "/crm/objects/{version}/{objectType}/{objectId}",
    parameters: ["properties", "propertiesWithHistory", "associations", "archived", "idProperty"],
    confidence: "recorded",
    notes: "A merged id answers with the survivor. 404 is a page under Accept: */*.",
  },
  {
    ...record,
    name: "record PATCH",
    method: "PATCH",
    path: "/crm/objects/{version}/{objectType}/{objectId}",
    parameters: ["idProperty"],
    confidence: "recorded",
    notes: "The answer has part of the record; equal values do not move updatedAt.",
  },
  {
    ...record,
    name: "record DELETE",
    method: "DELETE",
    path: "/crm/objects/{version}/{objectType}/{objectId}",
    confidence: "recorded",
    notes: "204 for any id.",
  },
  {
    ...link,
    name: "associations/batch/read",
    method: "POST",
    path: "/crm/associations/{version}/{fromObjectType}/{toObjectType}/batch/read",
    confidence: "documented",
    notes:
      "1,000 inputs, pages of 500 for each; inputs without links are named in a 207. v3 has its own form.",
  },
  {
    ...link,
    name: "associations/batch/create",
    method: "POST",
    path: "/crm/associations/{version}/{fromObjectType}/{toObjectType}/batch/create",
    confidence: "recorded",
    notes: "2,000 inputs; a bad id is 207 without context.",
  },
  {
    ...link,
    name: "associations/batch/associate/default",
    method: "POST",
    path: "/crm/associations/{version}/{fromObjectType}/{toObjectType}/batch/associate/default",
    confidence: "documented",
    notes: "",
  },
  {
    ...link,
    name: "associations/batch/archive",
    method: "POST",
    path: "/crm/associations/{version}/{fromObjectType}/{toObjectType}/batch/archive",
    confidence: "documented",
    notes: "204.",
  },
  {
    ...link,
    name: "associations/batch/labels/archive",
    method: "POST",
    path: "/crm/associations/{version}/{fromObjectType}/{toObjectType}/batch/labels/archive",
    confidence: "documented",
    notes: "204.",
  },
  {
    ...link,
    name: "associations/labels GET",
    method: "GET",
    path: "/crm/associations/{version}/{fromObjectType}/{toObjectType}/labels",
    confidence: "documented",
    notes: "",
  },
  {
    ...link,
    name: "associations/labels POST",
    method: "POST",
    path: "/crm/associations/{version}/{fromObjectType}/{toObjectType}/labels",
    confidence: "seen run",
    notes: "The 51st is 437. Professional and up.",
  },
  {
    ...link,
    name: "associations/labels DELETE",
    method: "DELETE",
    path: "/crm/associations/{version}/{fromObjectType}/{toObjectType}/labels/{typeId}",
    confidence: "documented",
    notes: "",
  },
] as const satisfies readonly Operation[];
