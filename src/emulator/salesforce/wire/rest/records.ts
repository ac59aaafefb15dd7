import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { type SaveResult, VendorError } from "../../org.ts";
import { type Call, dataPath, param, type WireContext } from "../call.ts";
import { readJsonObject } from "../read-json.ts";
import { recordFields } from "../record-fields.ts";
import { notFound, saveErrorAnswer } from "../vendor-answer.ts";
import { soqlText } from "../vendor-text.ts";
import { writeOptions } from "../write-options.ts";
import { objectFields } from "./object-fields.ts";

/** The one outcome of a one-row write. */
function only(results: readonly SaveResult[]): SaveResult {
  const [result] = results;
  if (result === undefined) throw new Error("the org returned no outcome for a row");
  return result;
}

function fieldList(call: Call): readonly string[] | undefined {
  const fields = call.incoming.query.get("fields");
  return fields === null
    ? undefined
    : fields
        .split(",")
        .map((field) => field.trim())
        .filter((field) => field !== "");
}

export function getRecord(context: WireContext, call: Call) {
  const { org } = context;
  return jsonAnswer(
    200,
    org.retrieve(call.session, param(call, "object"), param(call, "id"), fieldList(call), "json"),
  );
}

export async function createRecord(context: WireContext, call: Call) {
  const object = param(call, "object");
  const row = recordFields(await readJsonObject(call.incoming));
  const options = writeOptions(call.incoming, "sobjects/object POST", false);
  const { id, success, errors } = only(context.org.insert(call.session, object, [row], options));
  if (!success || id === undefined) return saveErrorAnswer(errors, dataPath(call));
  const location = `${dataPath(call)}/sobjects/${object}/${id}`;
  return jsonAnswer(201, { id, success: true, errors: [] }, { Location: location });
}

export async function updateRecord(context: WireContext, call: Call) {
  const fields = recordFields(await readJsonObject(call.incoming));
  if ("Id" in fields) {
    throw new VendorError(
      400,
      "INVALID_FIELD",
      "The Id field should not be specified in the sobject data.",
      [],
    );
  }
  const options = writeOptions(call.incoming, "sobjects/record PATCH", false);
  const rows = [{ ...fields, Id: param(call, "id") }];
  const result = only(context.org.update(call.session, param(call, "object"), rows, options));
  return result.success ? emptyAnswer(204) : saveErrorAnswer(result.errors, dataPath(call));
}

export function deleteRecord(context: WireContext, call: Call) {
  const object = context.org.objectOfId(param(call, "id"));
  // A record of another object is not below this address.
  if (object !== undefined && object.toLowerCase() !== param(call, "object").toLowerCase()) throw notFound();
  const options = writeOptions(call.incoming, "sobjects/record DELETE", false);
  const result = only(context.org.remove(call.session, [param(call, "id")], options));
  return result.success ? emptyAnswer(204) : saveErrorAnswer(result.errors, dataPath(call));
}

const UNQUOTED = new Set(["int", "double", "currency", "percent", "boolean", "date", "datetime"]);

/** Ids of the records whose external id field has the value of the path. @throws VendorError NOT_FOUND */
function matches(context: WireContext, call: Call): readonly string[] {
  const object = param(call, "object");
  const facts = objectFields(context.org, call.session, object).get(param(call, "field").toLowerCase());
  if (facts === undefined) {
    throw notFound(`Provided external ID field does not exist or is not accessible: ${param(call, "field")}`);
  }
  const value = param(call, "value");
  const literal = UNQUOTED.has(facts.type) ? value : soqlText(value);
  const soql = `SELECT Id FROM ${object} WHERE ${facts.name} = ${literal}`;
  const result = context.org.query(call.session, soql, { all: false });
  return Array.from({ length: result.totalSize }, (_, index) => String(result.cells(index)[0]));
}

const addresses = (call: Call, ids: readonly string[]) =>
  jsonAnswer(
    300,
    ids.map((id) => `${dataPath(call)}/sobjects/${param(call, "object")}/${id}`),
  );

export function getByExternalId(context: WireContext, call: Call) {
  const ids = matches(context, call);
  const [id] = ids;
  if (id === undefined) throw notFound();
  if (ids.length > 1) return addresses(call, ids);
  return jsonAnswer(
    200,
    context.org.retrieve(call.session, param(call, "object"), id, fieldList(call), "json"),
  );
}

export async function upsertByExternalId(context: WireContext, call: Call) {
  const object = param(call, "object");
  const field = param(call, "field");
  const fields = recordFields(await readJsonObject(call.incoming));
  const updateOnly = /^true$/i.test(call.incoming.query.get("updateOnly") ?? "");
  const isById = /^id$/i.test(field);
  const ids = isById ? [] : matches(context, call);
  if (ids.length > 1) return addresses(call, ids);
  if (updateOnly && !isById && ids.length === 0) throw notFound();
  const options = writeOptions(call.incoming, "sobjects/external-id PATCH", false);
  const rows = [{ ...fields, [isById ? "Id" : field]: param(call, "value") }];
  const result = only(context.org.upsert(call.session, object, isById ? "Id" : field, rows, options));
  if (!result.success || result.id === undefined) return saveErrorAnswer(result.errors, dataPath(call));
  const created = result.created === true;
  const location = `${dataPath(call)}/sobjects/${object}/${result.id}`;
  return jsonAnswer(
    created ? 201 : 200,
    { id: result.id, success: true, errors: [], created },
    { Location: location },
  );
}

export function deleteByExternalId(context: WireContext, call: Call) {
  const ids = matches(context, call);
  if (ids.length === 0) throw notFound();
  if (ids.length > 1) return addresses(call, ids);
  const options = writeOptions(call.incoming, "sobjects/external-id DELETE", false);
  const result = only(context.org.remove(call.session, ids, options));
  return result.success ? emptyAnswer(204) : saveErrorAnswer(result.errors, dataPath(call));
}
