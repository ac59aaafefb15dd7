import { z } from "zod";
import { emptyAnswer } from "../../../server/answer.ts";
import { keepsRules } from "../../addresses.ts";
import type { ObjectType } from "../../engine/object-types.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { type CheckedValues, checkValues } from "../../engine/write/check-values.ts";
import { linkRecords } from "../../engine/write/link-records.ts";
import { archiveRecord, createRecord, updateRecord } from "../../engine/write/save-record.ts";
import { type Call, type Handler, type HubSpotContext, objectType, sourceOf } from "../call.ts";
import { idValue, propertyValues, readBody, textId, textValues } from "../read-body.ts";
import { batchAnswer, checkCount, checkDistinct } from "./batch-inputs.ts";
import { missingRecords } from "./batch-read.ts";
import { checkLeadLinks, linksOf, type NewLink, newLinks } from "./links-body.ts";
import { recordBody, writtenOf } from "./record-body.ts";
import { rowNamed, uniqueProperty } from "./records.ts";

const traced = { objectWriteTraceId: z.string().nullish() };

const createInputs = z.object({
  inputs: z.array(z.object({ properties: propertyValues, associations: newLinks, ...traced })),
});
const updateInputs = z.object({
  inputs: z.array(
    z.object({ id: idValue, idProperty: z.string().nullish(), properties: propertyValues, ...traced }),
  ),
});
const archiveInputs = z.object({ inputs: z.array(z.object({ id: idValue })) });

interface Draft {
  /** Undefined: a new record. */
  readonly row: number | undefined;
  readonly values: CheckedValues;
  readonly links: readonly NewLink[];
  readonly traceId: string | undefined;
}

/** With its trace id, so that the caller can tell which input it was. */
const traceOf = (refusal: HubSpotRefusal, traceId: string | undefined): HubSpotRefusal => {
  if (traceId === undefined) return refusal;
  const traced = new HubSpotRefusal(refusal.kind, {}, { ...refusal.extras, traceId });
  traced.message = refusal.message;
  return traced;
};

/** Two inputs of one batch cannot have one e-mail address either. @throws HubSpotRefusal */
function checkTwins(
  context: HubSpotContext,
  type: ObjectType,
  values: CheckedValues,
  seen: Set<string>,
): void {
  for (const [name, value] of values) {
    if (value === null || context.portal.properties(type.typeId).find(name)?.hasUniqueValue !== true)
      continue;
    const key = `${name}=${String(value).toLowerCase()}`;
    if (!seen.has(key)) {
      seen.add(key);
      continue;
    }
    throw new HubSpotRefusal("duplicate_inputs", { ids: String(value) });
  }
}

/** Writes what was checked. @returns the record as HubSpot answers with it */
function write(context: HubSpotContext, call: Call, type: ObjectType, draft: Draft): Record<string, unknown> {
  const { portal } = context;
  const source = sourceOf(call);
  const table = portal.table(type.typeId);
  const row = draft.row ?? createRecord(portal, type, draft.values, source);
  if (draft.row !== undefined) updateRecord(portal, type, row, draft.values, source);
  const id = table.id(row);
  for (const { to, kinds } of draft.links) linkRecords(portal, { type, id }, to, kinds, source);
  const fields = [...draft.values.keys()];
  portal.logWrite({ operation: call.operation, object: type.plural, id: String(id), fields });
  return {
    ...recordBody(portal, type, row, writtenOf(portal, type, fields)),
    ...(draft.traceId === undefined ? {} : { objectWriteTraceId: draft.traceId }),
  };
}

/** All or nothing, unless every failing input has a trace id of its own. Results come in no order to rely on. */
export const batchCreate: Handler = async (context, call) => {
  const type = objectType(context, call, "write");
  const startedAt = context.portal.now();
  const { inputs } = await readBody(call, createInputs);
  checkCount(inputs);
  const errors: HubSpotRefusal[] = [];
  const drafts: Draft[] = [];
  const seen = new Set<string>();
  for (const input of inputs) {
    const traceId = input.objectWriteTraceId ?? undefined;
    try {
      const values = checkValues(context.portal, type, textValues(context, input.properties), {
        row: undefined,
        keepsRules: keepsRules(call.version),
      });
      checkTwins(context, type, values, seen);
      const links = linksOf(context, type, input.associations);
      checkLeadLinks(type, links);
      drafts.push({ row: undefined, values, links, traceId });
    } catch (error) {
      if (!(error instanceof HubSpotRefusal) || traceId === undefined || error.kind === "assertion")
        throw error;
      errors.push(traceOf(error, traceId));
    }
  }
  const results = drafts.map((draft) => write(context, call, type, draft));
  return batchAnswer(context, startedAt, results.toReversed(), errors, 201);
};

interface Updates {
  readonly drafts: readonly Draft[];
  readonly errors: readonly HubSpotRefusal[];
}

type UpdateInput = z.infer<typeof updateInputs>["inputs"][number];

/** One bad value refuses the batch, or only its input, as the portal is set. */
function checkUpdate(
  context: HubSpotContext,
  call: Call,
  type: ObjectType,
  row: number,
  input: UpdateInput,
): Draft | HubSpotRefusal {
  const traceId = input.objectWriteTraceId ?? undefined;
  try {
    const values = checkValues(context.portal, type, textValues(context, input.properties), {
      row,
      keepsRules: keepsRules(call.version),
    });
    return { row, values, links: [], traceId };
  } catch (error) {
    const isRow = context.portal.settings.batchInvalidValue === "row";
    if (!(error instanceof HubSpotRefusal) || !isRow || error.kind === "assertion") throw error;
    return traceOf(error, traceId);
  }
}

function checkUpdates(
  context: HubSpotContext,
  call: Call,
  type: ObjectType,
  inputs: readonly UpdateInput[],
): Updates {
  const table = context.portal.table(type.typeId);
  const missing: string[] = [];
  const drafts: Draft[] = [];
  const errors: HubSpotRefusal[] = [];
  const seen = new Set<string>();
  for (const input of inputs) {
    const id = textId(context, input.id);
    const property = uniqueProperty(context, type, input.idProperty);
    const row = property === undefined ? table.rowOf(Number(id)) : rowNamed(context, type, id, property);
    if (row < 0 || !table.isLive(row)) {
      const isMerged = row >= 0 && table.survivorOf(Number(id)) !== Number(id);
      if (isMerged && context.portal.settings.batchMergedId === "omit") continue;
      const traceId = input.objectWriteTraceId ?? undefined;
      if (traceId === undefined) missing.push(id);
      else errors.push(missingRecords(type, [id], traceId));
      continue;
    }
    const checked = checkUpdate(context, call, type, row, input);
    if (checked instanceof HubSpotRefusal) {
      errors.push(checked);
      continue;
    }
    checkTwins(context, type, checked.values, seen);
    drafts.push(checked);
  }
  return { drafts, errors: missing.length > 0 ? [...errors, missingRecords(type, missing)] : errors };
}

export const batchUpdate: Handler = async (context, call) => {
  const type = objectType(context, call, "write");
  const startedAt = context.portal.now();
  const { inputs } = await readBody(call, updateInputs);
  checkCount(inputs);
  checkDistinct(inputs.map((input) => String(input.id)));
  const { drafts, errors } = checkUpdates(context, call, type, inputs);
  const results = drafts.map((draft) => write(context, call, type, draft));
  return batchAnswer(context, startedAt, results, errors);
};

export const batchUpsert: Handler = async (context, call) => {
  const type = objectType(context, call, "write");
  const { portal } = context;
  const startedAt = portal.now();
  const { inputs } = await readBody(call, updateInputs);
  checkCount(inputs);
  checkDistinct(inputs.map((input) => String(input.id)));
  if (context.limits.isLocked(type.plural, inputs.length)) throw new HubSpotRefusal("locked");
  const drafts = inputs.map((input): Draft => {
    const id = textId(context, input.id);
    const property = uniqueProperty(context, type, input.idProperty ?? "hs_object_id");
    if (property === undefined) throw new Error("an upsert without a property went unnoticed");
    const found = rowNamed(context, type, id, property);
    const row = found >= 0 && portal.table(type.typeId).isLive(found) ? found : undefined;
    const sent = textValues(context, input.properties);
    const given = property in sent ? sent : { ...sent, [property]: id };
    const values = checkValues(portal, type, given, { row, keepsRules: keepsRules(call.version) });
    return { row, values, links: [], traceId: input.objectWriteTraceId ?? undefined };
  });
  const results = drafts.map((draft) => ({
    ...write(context, call, type, draft),
    new: draft.row === undefined,
  }));
  return batchAnswer(context, startedAt, results.toReversed(), []);
};

export const batchArchive: Handler = async (context, call) => {
  const type = objectType(context, call, "write");
  const { portal } = context;
  const { inputs } = await readBody(call, archiveInputs);
  checkCount(inputs);
  for (const { id } of inputs) {
    const row = portal.table(type.typeId).rowOf(Number(textId(context, id)));
    if (!archiveRecord(portal, type, row, sourceOf(call))) continue;
    portal.logWrite({ operation: call.operation, object: type.plural, id: String(id), fields: [] });
  }
  return emptyAnswer(204);
};
