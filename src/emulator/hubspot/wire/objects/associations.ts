import { z } from "zod";
import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import type { Portal } from "../../engine/portal.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import type { AssociationType } from "../../engine/schema/association-types.ts";
import { linkableRow, linkRecords, type RecordRef, unlinkRecords } from "../../engine/write/link-records.ts";
import { type Call, type Handler, type HubSpotContext, param, sourceOf } from "../call.ts";
import { idValue, limitParameter, readBody } from "../read-body.ts";
import { type Pair, pairOf } from "./association-pair.ts";
import { batchAnswer, checkCount } from "./batch-inputs.ts";

const kindInput = z.object({ associationCategory: z.string(), associationTypeId: z.number() });
const refInput = z.object({ id: idValue });

function typesOf(portal: Portal, { from, to }: Pair, id: number, target: number) {
  const kinds = portal.associationTypes.between(from.typeId, to.typeId);
  const labels = portal.associations.labels(from.typeId, to.typeId, id, target);
  const labelled = labels.map(({ category, typeId }) => ({
    category,
    typeId,
    label: kinds.find((kind) => kind.typeId === typeId && kind.category === category)?.label ?? null,
  }));
  const plain = kinds.find((kind) => kind.isDefault);
  return plain === undefined
    ? labelled
    : [...labelled, { category: plain.category, typeId: plain.typeId, label: plain.label }];
}

/** Live records that this one is linked to. */
function liveTargets(portal: Portal, { from, to }: Pair, id: number): readonly number[] {
  const table = portal.table(to.typeId);
  return portal.associations
    .targets(from.typeId, to.typeId, id)
    .filter((target) => table.isLive(table.rowOf(target)));
}

function linksBody(context: HubSpotContext, pair: Pair, id: number, after: string, limit: number) {
  const targets = liveTargets(context.portal, pair, id).toSorted((left, right) => left - right);
  const from = after === "" ? targets : targets.filter((target) => target >= Number(after));
  const page = from.slice(0, limit);
  const next = from[limit];
  return {
    results: page.map((target) => ({
      toObjectId: target,
      associationTypes: typesOf(context.portal, pair, id, target),
    })),
    ...(next === undefined ? {} : { paging: { next: { after: String(next) } } }),
  };
}

const readInputs = z.object({ inputs: z.array(z.object({ id: idValue, after: z.string().nullish() })) });

export const batchReadLinks: Handler = async (context, call) => {
  const pair = pairOf(context, call, "read");
  const { portal, settings } = context;
  const startedAt = portal.now();
  const { inputs } = await readBody(call, readInputs);
  checkCount(inputs, 1_000);
  const errors: HubSpotRefusal[] = [];
  const results = inputs.flatMap((input) => {
    const id = Number(input.id);
    const { results: to, paging } = linksBody(
      context,
      pair,
      id,
      input.after ?? "",
      settings.associationPageSize,
    );
    if (to.length === 0) {
      const context_ = {
        fromObjectId: [String(id)],
        fromObjectType: [pair.from.singular],
        toObjectType: [pair.to.singular],
      };
      errors.push(
        new HubSpotRefusal(
          "no_associations",
          { to: pair.to.singular, from: pair.from.singular, id },
          { context: context_ },
        ),
      );
      return [];
    }
    const ends =
      call.version === "v3"
        ? to.map(({ toObjectId }) => ({
            id: String(toObjectId),
            type: `${pair.from.singular}_to_${pair.to.singular}`,
          }))
        : to;
    return [{ from: { id: String(id) }, to: ends, ...(paging === undefined ? {} : { paging }) }];
  });
  return batchAnswer(context, startedAt, results, errors);
};

export const readLinks: Handler = (context, call) => {
  const pair = pairOf(context, call, "read", "objectType");
  const table = context.portal.table(pair.from.typeId);
  const id = table.survivorOf(Number(param(call, "objectId")));
  const row = table.rowOf(id);
  if (row < 0 || !table.isLive(row)) throw new HubSpotRefusal("record_not_found");
  const limit = limitParameter(call, 500, 500);
  return jsonAnswer(200, linksBody(context, pair, id, call.incoming.query.get("after") ?? "", limit));
};

/** @throws HubSpotRefusal association_type_unknown */
function kindsOf(
  portal: Portal,
  { from, to }: Pair,
  given: z.infer<typeof kindInput>[],
): readonly AssociationType[] {
  return given.map((kind) => portal.associationTypes.get(from.typeId, to.typeId, kind.associationTypeId));
}

const createdBody = (portal: Portal, pair: Pair, from: number, to: number) => ({
  fromObjectTypeId: pair.from.typeId,
  fromObjectId: from,
  toObjectTypeId: pair.to.typeId,
  toObjectId: to,
  labels: typesOf(portal, pair, from, to).flatMap(({ label }) => (label === null ? [] : [label])),
});

function logLink(context: HubSpotContext, call: Call, { type, id }: RecordRef, to: RecordRef): void {
  context.portal.logWrite({
    operation: call.operation,
    object: type.plural,
    id: String(id),
    fields: [`associations.${to.type.plural}`],
  });
}

const singleOf = (pair: Pair, call: Call): { readonly from: RecordRef; readonly to: RecordRef } => ({
  from: { type: pair.from, id: Number(param(call, "objectId")) },
  to: { type: pair.to, id: Number(param(call, "toObjectId")) },
});

export const putLink: Handler = async (context, call) => {
  const pair = pairOf(context, call, "write", "objectType");
  const kinds = kindsOf(context.portal, pair, await readBody(call, z.array(kindInput).min(1)));
  const { from, to } = singleOf(pair, call);
  linkRecords(context.portal, from, to, kinds, sourceOf(call));
  logLink(context, call, from, to);
  return jsonAnswer(201, createdBody(context.portal, pair, from.id, to.id));
};

/** What a default link answers, alone or in a batch. */
const defaultBody = ({ from, to }: Pair, kind: AssociationType, fromId: number, toId: number) => ({
  from: { id: String(fromId) },
  to: { id: String(toId) },
  associationSpec: { associationCategory: kind.category, associationTypeId: kind.typeId },
  ...(from.typeId === to.typeId ? { selfAssociation: true } : {}),
});

export const putDefaultLink: Handler = (context, call) => {
  const pair = pairOf(context, call, "write", "objectType");
  const { portal } = context;
  const startedAt = portal.now();
  const kind = portal.associationTypes.defaultOf(pair.from.typeId, pair.to.typeId);
  const { from, to } = singleOf(pair, call);
  linkRecords(portal, from, to, [kind], sourceOf(call));
  logLink(context, call, from, to);
  return batchAnswer(context, startedAt, [defaultBody(pair, kind, from.id, to.id)], []);
};

export const deleteLink: Handler = (context, call) => {
  const pair = pairOf(context, call, "write", "objectType");
  const { from, to } = singleOf(pair, call);
  unlinkRecords(context.portal, from, to, sourceOf(call));
  logLink(context, call, from, to);
  return emptyAnswer(204);
};

const createInputs = z.object({
  inputs: z.array(z.object({ from: refInput, to: refInput, types: z.array(kindInput).min(1) })),
});
const pairInputs = z.object({ inputs: z.array(z.object({ from: refInput, to: refInput })) });
const archiveInputs = z.object({ inputs: z.array(z.object({ from: refInput, to: z.array(refInput) })) });

/** Bad ids fail alone: 207 without a context. A bad type refuses the batch. */
function linkEach(
  context: HubSpotContext,
  call: Call,
  pair: Pair,
  inputs: readonly {
    readonly from: number;
    readonly to: number;
    readonly kinds: readonly AssociationType[];
  }[],
  body: (from: number, to: number, kinds: readonly AssociationType[]) => unknown,
) {
  const errors: HubSpotRefusal[] = [];
  const results: unknown[] = [];
  for (const { from, to, kinds } of inputs) {
    const ends = { from: { type: pair.from, id: from }, to: { type: pair.to, id: to } };
    try {
      linkableRow(context.portal, ends.from);
      linkableRow(context.portal, ends.to);
    } catch (error) {
      if (!(error instanceof HubSpotRefusal)) throw error;
      errors.push(error);
      continue;
    }
    linkRecords(context.portal, ends.from, ends.to, kinds, sourceOf(call));
    logLink(context, call, ends.from, ends.to);
    results.push(body(from, to, kinds));
  }
  return { results, errors };
}

export const batchCreateLinks: Handler = async (context, call) => {
  const pair = pairOf(context, call, "write");
  const { portal } = context;
  const startedAt = portal.now();
  const { inputs } = await readBody(call, createInputs);
  checkCount(inputs, 2_000);
  const drafts = inputs.map(({ from, to, types }) => ({
    from: Number(from.id),
    to: Number(to.id),
    kinds: kindsOf(portal, pair, types),
  }));
  const { results, errors } = linkEach(context, call, pair, drafts, (from, to) =>
    createdBody(portal, pair, from, to),
  );
  return batchAnswer(context, startedAt, results, errors, 201);
};

export const batchDefaultLinks: Handler = async (context, call) => {
  const pair = pairOf(context, call, "write");
  const { portal } = context;
  const startedAt = portal.now();
  const { inputs } = await readBody(call, pairInputs);
  checkCount(inputs, 2_000);
  const kind = portal.associationTypes.defaultOf(pair.from.typeId, pair.to.typeId);
  const drafts = inputs.map(({ from, to }) => ({ from: Number(from.id), to: Number(to.id), kinds: [kind] }));
  const { results, errors } = linkEach(context, call, pair, drafts, (from, to) =>
    defaultBody(pair, kind, from, to),
  );
  return batchAnswer(context, startedAt, results, errors);
};

export const batchArchiveLinks: Handler = async (context, call) => {
  const pair = pairOf(context, call, "write");
  const { inputs } = await readBody(call, archiveInputs);
  checkCount(inputs, 2_000);
  for (const { from, to } of inputs) {
    for (const target of to) {
      const ends = {
        from: { type: pair.from, id: Number(from.id) },
        to: { type: pair.to, id: Number(target.id) },
      };
      unlinkRecords(context.portal, ends.from, ends.to, sourceOf(call));
      logLink(context, call, ends.from, ends.to);
    }
  }
  return emptyAnswer(204);
};

export const batchArchiveLabels: Handler = async (context, call) => {
  const pair = pairOf(context, call, "write");
  const { inputs } = await readBody(call, createInputs);
  checkCount(inputs, 2_000);
  for (const { from, to, types } of inputs) {
    const kinds = kindsOf(context.portal, pair, types);
    const ends = { from: { type: pair.from, id: Number(from.id) }, to: { type: pair.to, id: Number(to.id) } };
    unlinkRecords(context.portal, ends.from, ends.to, sourceOf(call), kinds);
    logLink(context, call, ends.from, ends.to);
  }
  return emptyAnswer(204);
};
