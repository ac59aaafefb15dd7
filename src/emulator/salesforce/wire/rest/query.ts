import { type Answer, jsonAnswer } from "../../../server/answer.ts";
import type { Incoming } from "../../../server/incoming.ts";
import { type QueryResult, VendorError } from "../../org.ts";
import { type Call, dataPath, param, type WireContext } from "../call.ts";
import { columnMetadata } from "./column-metadata.ts";
import type { QueryCursor } from "./query-cursors.ts";

/** The vendor's longest statement. */
const SOQL_LIMIT = 100_000;

/** `Sforce-Query-Options: batchSize=N`, 200 to 2,000; a hint that wide rows overrule. */
function pageRows(context: WireContext, incoming: Incoming, result: QueryResult): number {
  const asked = /batchsize\s*=\s*(\d+)/i.exec(incoming.headers["sforce-query-options"] ?? "")?.[1];
  const wanted = asked === undefined ? 2_000 : Math.min(2_000, Math.max(200, Number(asked)));
  return Math.min(wanted, result.maxPageRows, context.settings.queryPageRows);
}

function recordsOf(result: QueryResult, from: number, until: number) {
  const records: Record<string, unknown>[] = [];
  for (let index = from; index < until; index += 1) records.push(result.record(index));
  return records;
}

/** Key order as recorded: totalSize, done, nextRecordsUrl, records; the last page has no nextRecordsUrl. */
function pageAnswer(cursor: QueryCursor, offset: number, pathPrefix: string): Answer {
  const { result } = cursor;
  const until = Math.min(offset + cursor.pageRows, result.totalSize);
  const records = recordsOf(result, offset, until);
  if (until >= result.totalSize) {
    return jsonAnswer(200, { totalSize: result.totalSize, done: true, records });
  }
  return jsonAnswer(200, {
    totalSize: result.totalSize,
    done: false,
    nextRecordsUrl: `${pathPrefix}/${cursor.id}-${until}`,
    records,
  });
}

function soqlOf(incoming: Incoming): string {
  const soql = incoming.query.get("q");
  if (soql === null || soql.trim() === "") {
    throw new VendorError(400, "MALFORMED_QUERY", "A query string has to be specified");
  }
  if (soql.length > SOQL_LIMIT) {
    throw new VendorError(
      400,
      "MALFORMED_QUERY",
      `SOQL statements can not be longer than ${SOQL_LIMIT} characters`,
    );
  }
  return soql;
}

function firstPage(
  context: WireContext,
  call: Call,
  result: QueryResult,
  pathPrefix: string,
  idPrefix: "0r8" | "01g",
): Answer {
  const { totalSize } = result;
  if (result.isCountOnly) return jsonAnswer(200, { totalSize, done: true, records: [] });
  const rows = pageRows(context, call.incoming, result);
  if (totalSize <= rows) {
    return jsonAnswer(200, { totalSize, done: true, records: recordsOf(result, 0, totalSize) });
  }
  return pageAnswer(context.cursors.open(result, rows, idPrefix), 0, pathPrefix);
}

function runQuery(context: WireContext, call: Call, options: { readonly all: boolean }): Answer {
  const soql = soqlOf(call.incoming);
  const result = context.org.query(call.session, soql, { ...options, recordsFor: "json" });
  if (call.incoming.query.get("columns") === "true") {
    return jsonAnswer(200, columnMetadata(context.org, call.session, soql, result));
  }
  // The vendor's queryAll, too, hands out addresses below /query.
  return firstPage(context, call, result, `${dataPath(call)}/query`, "0r8");
}

export const query = (context: WireContext, call: Call) => runQuery(context, call, { all: false });

export const queryAll = (context: WireContext, call: Call) => runQuery(context, call, { all: true });

export function toolingQuery(context: WireContext, call: Call): Answer {
  const result = context.org.query(call.session, soqlOf(call.incoming), {
    all: false,
    tooling: true,
    recordsFor: "json",
  });
  return firstPage(context, call, result, `${dataPath(call)}/tooling/query`, "01g");
}

function nextPage(context: WireContext, call: Call, pathPrefix: string): Answer {
  const { cursor, offset } = context.cursors.find(param(call, "locator"));
  return pageAnswer(cursor, offset, pathPrefix);
}

export const queryMore = (context: WireContext, call: Call) =>
  nextPage(context, call, `${dataPath(call)}/query`);

export const toolingQueryMore = (context: WireContext, call: Call) =>
  nextPage(context, call, `${dataPath(call)}/tooling/query`);
