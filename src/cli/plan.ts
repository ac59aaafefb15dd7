import { z } from "zod";
import { toJson } from "../core/json.ts";
import { describeCalls, describePlan } from "./describe-plan.ts";
import { describeEach } from "./each-connection.ts";
import { operation } from "./operation.ts";

const planArgs = z.object({ api: z.boolean() });

/** `ripeline plan`: everything `apply` would add and what writing will cost. Changes nothing. Exit 1 where `apply` would refuse. */
export const planOperation = operation(planArgs, async ({ app }, { api }) => {
  const plan = await app.plan();
  const shown = api
    ? { ...plan.calls, connections: plan.connections.map(({ id, crm, calls }) => ({ id, crm, ...calls })) }
    : plan;
  return {
    json: toJson(shown),
    text: describeEach(plan, api ? describeCalls : describePlan),
    isFailure: plan.connections.some(({ refusals }) => refusals.length > 0),
  };
});
