import type { ObjectType } from "../../engine/object-types.ts";
import { type Call, type HubSpotContext, objectType } from "../call.ts";

export interface Pair {
  readonly from: ObjectType;
  readonly to: ObjectType;
}

/** The two objects of the path. Reading needs both read scopes, writing both write scopes. */
export function pairOf(
  context: HubSpotContext,
  call: Call,
  access: "read" | "write",
  fromName = "fromObjectType",
): Pair {
  const from = objectType(context, call, access, fromName);
  const to = objectType(context, call, access, "toObjectType");
  return { from, to };
}
