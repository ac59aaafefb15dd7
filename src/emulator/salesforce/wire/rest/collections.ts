import { jsonAnswer } from "../../../server/answer.ts";
import type { Incoming } from "../../../server/incoming.ts";
import { type FieldValues, type SaveResult, VendorError } from "../../org.ts";
import { type Call, param, type WireContext } from "../call.ts";
import { flagValue, isJsonObject, type JsonObject, jsonParserError, readJsonObject } from "../read-json.ts";
import { attributesType, recordFields } from "../record-fields.ts";
import { writeOptions } from "../write-options.ts";
import { atomically, ROLLED_BACK } from "./atomically.ts";

/** Most records of one write, runs of one type in it, and ids of one read. */
const RECORD_LIMIT = 200;
const RUN_LIMIT = 10;
const READ_LIMIT = 2_000;

interface TypedRecord {
  readonly type: string;
  readonly fields: FieldValues;
}

/** Neighbouring records of one type, which the vendor handles as one chunk. */
interface Run {
  readonly type: string;
  readonly rows: readonly FieldValues[];
}

function checkCount(count: number) {
  if (count === 0) throw new VendorError(400, "REQUIRED_FIELD_MISSING", "At least 1 record is required", []);
  if (count > RECORD_LIMIT) {
    throw new VendorError(
      400,
      "EXCEEDED_ID_LIMIT",
      `record limit reached. cannot submit more than ${RECORD_LIMIT} records into this call`,
    );
  }
}

function recordsOf(body: JsonObject): readonly JsonObject[] {
  const records: unknown = body["records"];
  if (!Array.isArray(records)) throw jsonParserError("records must be a list of records");
  const list: readonly unknown[] = records;
  return list.map((record) => {
    if (!isJsonObject(record)) throw jsonParserError("each of records must be an object");
    return record;
  });
}

function typed(context: WireContext, record: JsonObject): TypedRecord {
  const fields = recordFields(record);
  const id = fields["Id"];
  const type = attributesType(record) ?? (typeof id === "string" ? context.org.objectOfId(id) : undefined);
  if (type === undefined) {
    throw new VendorError(
      400,
      "INVALID_INPUT",
      "Each record must have attributes with the type of its object",
    );
  }
  return { type, fields };
}

function runsOf(records: readonly TypedRecord[]): readonly Run[] {
  const runs: { type: string; rows: FieldValues[] }[] = [];
  for (const { type, fields } of records) {
    const last = runs.at(-1);
    if (last?.type.toLowerCase() === type.toLowerCase()) last.rows.push(fields);
    else runs.push({ type, rows: [fields] });
  }
  if (runs.length > RUN_LIMIT) {
    throw new VendorError(
      400,
      "INVALID_INPUT",
      `Too many chunks of records: sort the records by type, so that there are at most ${RUN_LIMIT} chunks`,
    );
  }
  return runs;
}

/** Key order as recorded; a failed row has no id. */
const rowBody = ({ id, success, created, errors }: SaveResult) => ({
  ...(success && id !== undefined ? { id } : {}),
  success,
  ...(created === undefined ? {} : { created }),
  errors: errors.map(({ statusCode, message, fields }) => ({ statusCode, message, fields })),
});

const rowsAnswer = (results: readonly SaveResult[]) => jsonAnswer(200, results.map(rowBody));

/** All runs of a write, in input order; with allOrNone one failure undoes every run. */
function writeRuns(
  context: WireContext,
  allOrNone: boolean,
  runs: readonly Run[],
  write: (run: Run) => readonly SaveResult[],
): readonly SaveResult[] {
  if (runs.length === 1 || !allOrNone) return runs.flatMap(write);
  return atomically(context.org, () => {
    const results = runs.flatMap(write);
    const failed = results.some((result) => !result.success);
    return {
      commit: !failed,
      value: failed ? results.map((one) => (one.success ? ROLLED_BACK : one)) : results,
    };
  });
}

async function writeCollection(context: WireContext, call: Call, verb: "insert" | "update", name: string) {
  const body = await readJsonObject(call.incoming);
  const records = recordsOf(body);
  checkCount(records.length);
  const runs = runsOf(records.map((record) => typed(context, record)));
  const options = writeOptions(call.incoming, name, flagValue(body, "allOrNone"));
  return rowsAnswer(
    writeRuns(context, options.allOrNone, runs, (run) =>
      context.org[verb](call.session, run.type, run.rows, options),
    ),
  );
}

export const createCollection = (context: WireContext, call: Call) =>
  writeCollection(context, call, "insert", "composite/sobjects POST");

export const updateCollection = (context: WireContext, call: Call) =>
  writeCollection(context, call, "update", "composite/sobjects PATCH");

export async function upsertCollection(context: WireContext, call: Call) {
  const body = await readJsonObject(call.incoming);
  const records = recordsOf(body);
  checkCount(records.length);
  const object = param(call, "object");
  const other = records.map(attributesType).find((type) => type !== undefined && !sameName(type, object));
  if (other !== undefined) {
    throw new VendorError(
      400,
      "INVALID_INPUT",
      `The type of a record, ${other}, does not match the object of the address, ${object}`,
    );
  }
  const options = writeOptions(call.incoming, "composite/sobjects UPSERT", flagValue(body, "allOrNone"));
  const rows = records.map(recordFields);
  const field = /^id$/i.test(param(call, "field")) ? "Id" : param(call, "field");
  return rowsAnswer(context.org.upsert(call.session, object, field, rows, options));
}

const sameName = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();

const commaList = (text: string) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

export function deleteCollection(context: WireContext, call: Call) {
  const ids = commaList(call.incoming.query.get("ids") ?? "");
  checkCount(ids.length);
  const allOrNone = /^true$/i.test(call.incoming.query.get("allOrNone") ?? "");
  const options = writeOptions(call.incoming, "composite/sobjects DELETE", allOrNone);
  return rowsAnswer(context.org.remove(call.session, ids, options));
}

function retrieveAll(context: WireContext, call: Call, ids: readonly string[], fields: readonly string[]) {
  if (fields.length === 0) throw jsonParserError("fields must name at least one field");
  if (ids.length > READ_LIMIT) {
    throw new VendorError(
      400,
      "EXCEEDED_ID_LIMIT",
      `record limit reached. cannot submit more than ${READ_LIMIT} records into this call`,
    );
  }
  return jsonAnswer(
    200,
    ids.map((id) => {
      try {
        return context.org.retrieve(call.session, param(call, "object"), id, fields, "json");
      } catch (error) {
        // A record that is gone, or was never there, is null among its neighbours.
        if (error instanceof VendorError && ["NOT_FOUND", "ENTITY_IS_DELETED"].includes(error.errorCode)) {
          return null;
        }
        throw error;
      }
    }),
  );
}

const listParameter = (incoming: Incoming, name: string) => commaList(incoming.query.get(name) ?? "");

export const retrieveCollection = (context: WireContext, call: Call) =>
  retrieveAll(context, call, listParameter(call.incoming, "ids"), listParameter(call.incoming, "fields"));

function textList(body: JsonObject, name: string): readonly string[] {
  const value = body[name];
  if (!Array.isArray(value)) throw jsonParserError(`${name} must be a list of texts`);
  const list: readonly unknown[] = value;
  return list.map((entry) => {
    if (typeof entry !== "string") throw jsonParserError(`${name} must be a list of texts`);
    return entry;
  });
}

export async function retrieveCollectionByPost(context: WireContext, call: Call) {
  const body = await readJsonObject(call.incoming);
  return retrieveAll(context, call, textList(body, "ids"), textList(body, "fields"));
}
