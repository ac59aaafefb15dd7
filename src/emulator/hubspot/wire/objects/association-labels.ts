import { z } from "zod";
import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import type { AssociationType } from "../../engine/schema/association-types.ts";
import { HUBS } from "../../engine/settings.ts";
import { type Handler, needScope, needTier, param } from "../call.ts";
import { readBody } from "../read-body.ts";
import { pairOf } from "./association-pair.ts";

const labelBody = ({ category, typeId, label }: AssociationType) => ({ category, typeId, label });

export const listLabels: Handler = (context, call) => {
  const { from, to } = pairOf(context, call, "read");
  const kinds = context.portal.associationTypes.between(from.typeId, to.typeId);
  return jsonAnswer(200, { results: kinds.map(labelBody) });
};

export const createLabel: Handler = async (context, call) => {
  const { from, to } = pairOf(context, call, "write");
  needScope(call, [
    "crm.schemas.contacts.write",
    "crm.schemas.companies.write",
    "crm.schemas.deals.write",
    "crm.schemas.custom.write",
  ]);
  needTier(context, HUBS, "PROFESSIONAL", "association labels");
  const schema = z.object({
    label: z.string().min(1),
    name: z.string().min(1),
    inverseLabel: z.string().optional(),
  });
  const { label, name, inverseLabel } = await readBody(call, schema);
  const made = context.portal.associationTypes.addLabel(from.typeId, to.typeId, label, name, inverseLabel);
  return jsonAnswer(200, { results: made.map(labelBody) });
};

export const deleteLabel: Handler = (context, call) => {
  const { from, to } = pairOf(context, call, "write");
  context.portal.associationTypes.removeLabel(from.typeId, to.typeId, Number(param(call, "typeId")));
  return emptyAnswer(204);
};
