import { DAY_MS, MINUTE_MS } from "../../../../core/time.ts";
import { jsonAnswer } from "../../../server/answer.ts";
import { VendorError } from "../../org.ts";
import { type Call, param, type WireContext } from "../call.ts";
import { vendorInstant } from "../vendor-text.ts";
import { objectFields } from "./object-fields.ts";

/** How far back the vendor's lists reach, and how many ids they hold. */
const WINDOW_DAYS = 30;
const ID_LIMIT = 600_000;

const refusedDate = (message: string) => new VendorError(400, "INVALID_REPLICATION_DATE", message);

/** The vendor ignores seconds. */
const toMinute = (instant: number) => Math.floor(instant / MINUTE_MS) * MINUTE_MS;

function instantOf(call: Call, name: "start" | "end"): number {
  // A plus sign that was not encoded arrives as a blank.
  const text = call.incoming.query.get(name)?.replace(" ", "+") ?? "";
  const instant = Date.parse(text);
  if (text === "") throw new VendorError(400, "MISSING_ARGUMENT", `${name} is required`);
  if (Number.isNaN(instant)) throw refusedDate(`${name} is no valid date and time: ${text}`);
  return toMinute(instant);
}

interface Window {
  readonly from: Date;
  readonly until: Date;
  /** What the answer covers: not the future. */
  readonly covered: Date;
}

/** @throws VendorError INVALID_REPLICATION_DATE */
function windowOf(context: WireContext, call: Call): Window {
  const [from, until] = [instantOf(call, "start"), instantOf(call, "end")];
  const now = context.clock.now().getTime();
  if (until - from < MINUTE_MS) throw refusedDate("startDate must precede endDate by more than one minute");
  if (from < now - WINDOW_DAYS * DAY_MS) throw refusedDate("startDate cannot be more than 30 days ago");
  const covered = new Date(Math.min(until, toMinute(now)));
  return { from: new Date(from), until: new Date(until), covered };
}

function checkCount(count: number) {
  if (count > ID_LIMIT) {
    throw new VendorError(
      400,
      "EXCEEDED_ID_LIMIT",
      `Too many ids: ${count}; choose start and end dates that are closer together`,
    );
  }
}

/** Field the vendor goes by. @throws VendorError for an object that has neither */
function stampField(context: WireContext, call: Call): string {
  const object = param(call, "object");
  const fields = objectFields(context.org, call.session, object);
  const name = ["SystemModstamp", "LastModifiedDate"].find((one) => fields.has(one.toLowerCase()));
  if (name !== undefined && fields.has("isdeleted")) return name;
  throw new VendorError(400, "INVALID_TYPE_FOR_OPERATION", `sObject type ${object} is not replicable`);
}

/** `updated/?start&end`: ids of records added or changed in the window, deleted ones not among them. */
export function updatedRecords(context: WireContext, call: Call) {
  const field = stampField(context, call);
  const { from, until, covered } = windowOf(context, call);
  const soql = `SELECT Id FROM ${param(call, "object")} WHERE ${field} >= ${from.toISOString()} AND ${field} < ${until.toISOString()}`;
  const result = context.org.query(call.session, soql, { all: false });
  checkCount(result.totalSize);
  return jsonAnswer(200, {
    ids: Array.from({ length: result.totalSize }, (_, index) => result.cells(index)[0]),
    latestDateCovered: vendorInstant(covered),
  });
}

/** `deleted/?start&end`: records deleted in the window, those purged from the recycle bin too. */
export function deletedRecords(context: WireContext, call: Call) {
  stampField(context, call);
  const { from, until, covered } = windowOf(context, call);
  const deleted = context.org.deletedRecords(call.session, param(call, "object"), from, until);
  checkCount(deleted.length);
  const earliest = toMinute(context.clock.now().getTime() - WINDOW_DAYS * DAY_MS);
  return jsonAnswer(200, {
    deletedRecords: deleted.map(({ id, deletedAt }) => ({ id, deletedDate: vendorInstant(deletedAt) })),
    earliestDateAvailable: vendorInstant(new Date(earliest)),
    latestDateCovered: vendorInstant(covered),
  });
}
