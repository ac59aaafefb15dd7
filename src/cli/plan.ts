import { z } from "zod";
import { toJson } from "../core/json.ts";
import { describeCalls, describePlan } from "./describe-plan.ts";
import { operation } from "./operation.ts";

const planArgs = z.object({ api: z.boolean() });

/** `ripeline plan`: everything `apply` would add and what writing will cost. Changes nothing. Exit 1 where `apply` would refuse. */
export const planOperation = operation(planArgs, async ({ app }, { api }) => {
  const plan = await app.plan();
  const shown = api ? plan.calls : plan;
  return {
    json: toJson(shown),
    text: api ? describeCalls(plan) : describePlan(plan),
    isFailure: plan.refusals.length > 0,
  };
});
