import type { salesforceOperations } from "../../operations.ts";
import * as ingest from "./bulk/ingest-handlers.ts";
import * as bulkQuery from "./bulk/query-handlers.ts";
import type { Handler, OpenHandler } from "./call.ts";
import * as deploy from "./metadata/deploy-handlers.ts";
import { authorizeEndpoint } from "./oauth/authorize-endpoint.ts";
import type { ClientApp } from "./oauth/client-app.ts";
import { identity, userinfo } from "./oauth/identity.ts";
import { revokeEndpoint, tokenEndpoint } from "./oauth/token-endpoint.ts";
import * as collections from "./rest/collections.ts";
import { composite } from "./rest/composite.ts";
import { compositeBatch } from "./rest/composite-batch.ts";
import { describeGlobal, describeObject, objectInfo, resources, versions } from "./rest/describe.ts";
import { limits, recordCount } from "./rest/limits.ts";
import * as query from "./rest/query.ts";
import * as records from "./rest/records.ts";
import { deletedRecords, updatedRecords } from "./rest/replication.ts";
import { loginService, metadataService } from "./soap/metadata-service.ts";

type SalesforceOperation = (typeof salesforceOperations)[number];
type NameOf<O> = O extends { readonly name: infer N extends string } ? N : never;

export type OpenOperationName = NameOf<Extract<SalesforceOperation, { readonly session: false }>>;
export type SessionOperationName = NameOf<Extract<SalesforceOperation, { readonly session: true }>>;

/** Handlers that need no access token, one for each such operation of the list. */
export const openRoutes = (app: ClientApp): Readonly<Record<OpenOperationName, OpenHandler>> => ({
  "oauth2/authorize": authorizeEndpoint(app),
  "oauth2/token": tokenEndpoint(app),
  "oauth2/revoke": revokeEndpoint,
  versions,
  "soap/partner": loginService(app),
  "soap/metadata": metadataService,
});

/** Handlers that run as a user, one for each such operation of the list. */
export const sessionRoutes: Readonly<Record<SessionOperationName, Handler>> = {
  "oauth2/userinfo": userinfo,
  id: identity,
  resources,
  limits,
  "limits/recordCount": recordCount,
  sobjects: describeGlobal,
  "sobjects/describe": describeObject,
  "sobjects/updated": updatedRecords,
  "sobjects/deleted": deletedRecords,
  "sobjects/object GET": objectInfo,
  "sobjects/object POST": records.createRecord,
  "sobjects/record GET": records.getRecord,
  "sobjects/record PATCH": records.updateRecord,
  "sobjects/record DELETE": records.deleteRecord,
  "sobjects/external-id GET": records.getByExternalId,
  "sobjects/external-id PATCH": records.upsertByExternalId,
  "sobjects/external-id DELETE": records.deleteByExternalId,
  query: query.query,
  "query/more": query.queryMore,
  queryAll: query.queryAll,
  "queryAll/more": query.queryMore,
  "tooling/query": query.toolingQuery,
  "tooling/query/more": query.toolingQueryMore,
  composite,
  "composite/batch": compositeBatch,
  "composite/sobjects POST": collections.createCollection,
  "composite/sobjects PATCH": collections.updateCollection,
  "composite/sobjects DELETE": collections.deleteCollection,
  "composite/sobjects UPSERT": collections.upsertCollection,
  "composite/sobjects GET": collections.retrieveCollection,
  "composite/sobjects RETRIEVE": collections.retrieveCollectionByPost,
  "jobs/query POST": bulkQuery.createQueryJob,
  "jobs/query LIST": bulkQuery.listQueryJobs,
  "jobs/query GET": bulkQuery.getQueryJob,
  "jobs/query PATCH": bulkQuery.abortQueryJob,
  "jobs/query DELETE": bulkQuery.deleteQueryJob,
  "jobs/query/results": bulkQuery.queryResults,
  "jobs/query/resultPages": bulkQuery.queryResultPages,
  "jobs/ingest POST": ingest.createIngestJob,
  "jobs/ingest LIST": ingest.listIngestJobs,
  "jobs/ingest GET": ingest.getIngestJob,
  "jobs/ingest PUT": ingest.uploadIngestData,
  "jobs/ingest PATCH": ingest.changeIngestJob,
  "jobs/ingest DELETE": ingest.deleteIngestJob,
  "jobs/ingest/successfulResults": ingest.successfulResults,
  "jobs/ingest/failedResults": ingest.failedResults,
  "jobs/ingest/unprocessedrecords": ingest.unprocessedRecords,
  "metadata/deployRequest POST": deploy.startDeployment,
  "metadata/deployRequest GET": deploy.getDeployment,
  "metadata/deployRequest PATCH": deploy.cancelDeployment,
};
