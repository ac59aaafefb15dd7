import { z } from "zod";
import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import type { ObjectType } from "../../engine/object-types.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import type { Pipeline, Stage } from "../../engine/schema/standard-pipelines.ts";
import { instantText } from "../../engine/store/columns.ts";
import {
  type Call,
  type Handler,
  type HubSpotContext,
  needScope,
  needTier,
  objectType,
  param,
} from "../call.ts";
import { readBody } from "../read-body.ts";

const stageInput = z.object({
  label: z.string().min(1),
  displayOrder: z.int(),
  metadata: z.record(z.string(), z.union([z.string(), z.boolean(), z.number()])),
});
const pipelineInput = z.object({
  label: z.string().min(1),
  displayOrder: z.int(),
  stages: z.array(stageInput),
});

const stamps = ({ createdAt, updatedAt }: { readonly createdAt: number; readonly updatedAt: number }) => ({
  createdAt: instantText(createdAt),
  updatedAt: instantText(updatedAt),
});
const stageBody = (stage: Stage) => ({
  ...stage,
  writePermissions: "CRM_PERMISSIONS_ENFORCEMENT",
  ...stamps(stage),
});
const pipelineBody = (pipeline: Pipeline) => ({
  ...pipeline,
  ...stamps(pipeline),
  stages: pipeline.stages.map(stageBody),
});

function writable(context: HubSpotContext, call: Call): ObjectType {
  const type = objectType(context, call, "read");
  const object = type.isCustom ? "custom" : type.plural;
  needScope(call, [`crm.pipelines.${object}.write`, `crm.schemas.${object}.write`, ...type.scope.write]);
  return type;
}

/** Texts, and `isClosed` follows from the probability. @throws HubSpotRefusal pipeline_definition */
function metadataOf(
  type: ObjectType,
  given: z.infer<typeof stageInput>["metadata"],
): Readonly<Record<string, string>> {
  const texts = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
  if (type.typeId !== "0-3") return texts;
  const probability = Number(texts["probability"]);
  if (Number.isNaN(probability) || probability < 0 || probability > 1) {
    throw new HubSpotRefusal("pipeline_definition", {
      reason: "a deal stage needs a probability from 0.0 to 1.0",
    });
  }
  return { ...texts, isClosed: String(probability === 0 || probability === 1) };
}

function newStage(context: HubSpotContext, type: ObjectType, input: z.infer<typeof stageInput>): Stage {
  const at = context.portal.now();
  const id = context.portal.pipelines.nextId();
  context.portal.addStageProperties(type.typeId, id, input.label);
  return {
    id,
    label: input.label,
    displayOrder: input.displayOrder,
    metadata: metadataOf(type, input.metadata),
    archived: false,
    createdAt: at,
    updatedAt: at,
  };
}

function put(
  context: HubSpotContext,
  call: Call,
  type: ObjectType,
  pipeline: Pipeline,
  action: "CREATE" | "UPDATE",
) {
  const most = type.typeId === "0-136" ? 30 : 100;
  if (pipeline.stages.length > most)
    throw new HubSpotRefusal("limit_reached", { limit: most, what: "stages" });
  const stages = pipeline.stages.toSorted((left, right) => left.displayOrder - right.displayOrder);
  const at = context.portal.now();
  context.portal.pipelines.put(
    type.typeId,
    { ...pipeline, stages },
    { identifier: pipeline.id, action, at, fromUserId: call.app.userId },
  );
  context.portal.logWrite({ operation: call.operation, object: type.plural, id: pipeline.id, fields: [] });
}

export const listPipelines: Handler = (context, call) => {
  const type = objectType(context, call, "read");
  return jsonAnswer(200, { results: context.portal.pipelines.of(type.typeId).map(pipelineBody) });
};

export const getPipeline: Handler = (context, call) => {
  const type = objectType(context, call, "read");
  return jsonAnswer(200, pipelineBody(context.portal.pipelines.get(type.typeId, param(call, "pipelineId"))));
};

export const createPipeline: Handler = async (context, call) => {
  const type = writable(context, call);
  const input = await readBody(call, pipelineInput);
  if (type.typeId !== "0-136" && type.typeId !== "0-3" && !type.isCustom) {
    throw new HubSpotRefusal("pipeline_definition", { reason: `${type.plural} have no pipelines` });
  }
  if (context.portal.pipelines.of(type.typeId).length > 0) {
    needTier(context, ["sales", "service"], "STARTER", "a second pipeline");
  }
  const at = context.portal.now();
  const made: Pipeline = {
    id: context.portal.pipelines.nextId(),
    label: input.label,
    displayOrder: input.displayOrder,
    archived: false,
    stages: input.stages.map((stage) => newStage(context, type, stage)),
    createdAt: at,
    updatedAt: at,
  };
  put(context, call, type, made, "CREATE");
  return jsonAnswer(201, pipelineBody(context.portal.pipelines.get(type.typeId, made.id)));
};

export const updatePipeline: Handler = async (context, call) => {
  const type = writable(context, call);
  const { portal } = context;
  const pipeline = portal.pipelines.get(type.typeId, param(call, "pipelineId"));
  const { label, displayOrder } = await readBody(call, pipelineInput.omit({ stages: true }).partial());
  const changed = {
    ...pipeline,
    label: label ?? pipeline.label,
    displayOrder: displayOrder ?? pipeline.displayOrder,
  };
  put(context, call, type, { ...changed, updatedAt: portal.now() }, "UPDATE");
  return jsonAnswer(200, pipelineBody(portal.pipelines.get(type.typeId, pipeline.id)));
};

/** Live records whose property has this value. */
function usersOf(
  context: HubSpotContext,
  type: ObjectType,
  property: string | undefined,
  value: string,
): number {
  if (property === undefined) return 0;
  const table = context.portal.table(type.typeId);
  const column = table.column(property, false);
  let count = 0;
  for (const row of table.rowsById()) if (table.isLive(row) && column.text(row) === value) count += 1;
  return count;
}

export const deletePipeline: Handler = (context, call) => {
  const type = writable(context, call);
  const { id } = context.portal.pipelines.get(type.typeId, param(call, "pipelineId"));
  const count = usersOf(context, type, type.pipelineProperty, id);
  if (count > 0) throw new HubSpotRefusal("pipeline_in_use", { id, count });
  context.portal.pipelines.remove(type.typeId, id);
  context.portal.logWrite({ operation: call.operation, object: type.plural, id, fields: [] });
  return emptyAnswer(204);
};

const audit: Handler = (context, call) => {
  const type = objectType(context, call, "read");
  const { portal } = context;
  const pipeline = portal.pipelines.get(type.typeId, param(call, "pipelineId"));
  const entries = portal.pipelines.auditOf(type.typeId, pipeline.id);
  return jsonAnswer(200, {
    results: entries.map(({ at, ...entry }) => ({
      ...entry,
      portalId: portal.portalId,
      timestamp: instantText(at),
      message: "",
    })),
  });
};

export const pipelineAudit: Handler = audit;

export const listStages: Handler = (context, call) => {
  const type = objectType(context, call, "read");
  const pipeline = context.portal.pipelines.get(type.typeId, param(call, "pipelineId"));
  return jsonAnswer(200, { results: pipeline.stages.map(stageBody) });
};

export const createStage: Handler = async (context, call) => {
  const type = writable(context, call);
  const pipeline = context.portal.pipelines.get(type.typeId, param(call, "pipelineId"));
  const made = newStage(context, type, await readBody(call, stageInput));
  put(context, call, type, { ...pipeline, stages: [...pipeline.stages, made] }, "UPDATE");
  return jsonAnswer(201, stageBody(made));
};

export const updateStage: Handler = async (context, call) => {
  const type = writable(context, call);
  const pipeline = context.portal.pipelines.get(type.typeId, param(call, "pipelineId"));
  const stage = pipeline.stages.find((one) => one.id === param(call, "stageId"));
  if (stage === undefined) throw new HubSpotRefusal("pipeline_not_found");
  const { label, displayOrder, metadata } = await readBody(call, stageInput.partial());
  const changed: Stage = {
    ...stage,
    label: label ?? stage.label,
    displayOrder: displayOrder ?? stage.displayOrder,
    metadata: metadata === undefined ? stage.metadata : metadataOf(type, { ...stage.metadata, ...metadata }),
    updatedAt: context.portal.now(),
  };
  const stages = pipeline.stages.map((one) => (one.id === stage.id ? changed : one));
  put(context, call, type, { ...pipeline, stages }, "UPDATE");
  return jsonAnswer(200, stageBody(changed));
};

/** 204 also for a stage that is not there. */
export const deleteStage: Handler = (context, call) => {
  const type = writable(context, call);
  const pipeline = context.portal.pipelines.get(type.typeId, param(call, "pipelineId"));
  const id = param(call, "stageId");
  const count = usersOf(context, type, type.stageProperty, id);
  if (count > 0) throw new HubSpotRefusal("stage_in_use", { id, count });
  put(context, call, type, { ...pipeline, stages: pipeline.stages.filter((one) => one.id !== id) }, "UPDATE");
  return emptyAnswer(204);
};
