import { z } from "zod";
import { type ObjectType, upperName } from "../../engine/object-types.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { type Handler, objectType } from "../call.ts";
import { flagParameter, idValue, readBody, textId } from "../read-body.ts";
import { batchAnswer, checkCount, checkDistinct } from "./batch-inputs.ts";
import { recordBody, wantedOf } from "./record-body.ts";
import { rowNamed, uniqueProperty } from "./records.ts";

const readInputs = z.object({
  inputs: z.array(z.object({ id: idValue })),
  properties: z.array(z.string()).nullish(),
  propertiesWithHistory: z.array(z.string()).nullish(),
  idProperty: z.string().nullish(),
});

/** Records that could not be read are named together, in one error. */
export const missingRecords = (type: ObjectType, ids: readonly string[], traceId?: string) =>
  new HubSpotRefusal(
    "records_not_found",
    { object: upperName(type) },
    { context: { ids }, ...(traceId === undefined ? {} : { traceId }) },
  );

export const batchRead: Handler = async (context, call) => {
  const type = objectType(context, call, "read");
  const { portal } = context;
  const startedAt = portal.now();
  const body = await readBody(call, readInputs);
  const histories = body.propertiesWithHistory ?? [];
  checkCount(body.inputs);
  if (histories.length > 0 && body.inputs.length > 50) {
    throw new HubSpotRefusal("too_many_history_inputs", { count: body.inputs.length });
  }
  const ids = body.inputs.map((input) => textId(context, input.id));
  checkDistinct(ids);
  const property = uniqueProperty(context, type, body.idProperty);
  const wanted = wantedOf(context, call, type, body.properties ?? [], histories);
  const isArchived = flagParameter(call, "archived");
  const table = portal.table(type.typeId);
  const missing: string[] = [];
  const rows = new Set<number>();
  for (const id of ids) {
    const row = property === undefined ? table.rowOf(Number(id)) : rowNamed(context, type, id, property);
    if (row >= 0 && (isArchived ? table.isArchived(row) : table.isLive(row))) rows.add(row);
    else missing.push(id);
  }
  return batchAnswer(
    context,
    startedAt,
    [...rows].map((row) => recordBody(portal, type, row, wanted)),
    missing.length > 0 ? [missingRecords(type, missing)] : [],
  );
};
