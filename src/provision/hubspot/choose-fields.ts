import type { ObjectRoom } from "../../core/ports.ts";
import type { TargetObject } from "../../writeback/targets/target.ts";

/** Something that `apply` does not make, and why. */
export interface LeftOut {
  /** An object, or `object.field`. */
  readonly component: string;
  readonly reason: string;
}

export interface Choice {
  readonly targets: readonly TargetObject[];
  readonly leftOut: readonly LeftOut[];
}

/** Where the allowance is small: enough for the lists of rotting leads, and for the people's own say. */
const MINIMAL: Readonly<Record<string, readonly string[]>> = {
  contacts: ["ripeline_rots_at", "ripeline_first_touch_at", "ripeline_rot_status", "ripeline_exclude"],
  leads: ["ripeline_rots_at", "ripeline_first_touch_at", "ripeline_rot_status", "ripeline_exclude"],
  deals: ["ripeline_stalled", "ripeline_original_source"],
  "0-35": ["ripeline_investment", "ripeline_cost_per_lead", "ripeline_pipeline", "ripeline_currency"],
};

/** The larger half of what is left stays the portal's own. */
const OUR_SHARE_OF_LEFT = 0.5;

/** What stands in for an object that the portal cannot have. */
const FALLBACK: Readonly<Record<string, string>> = {
  ripeline_metric:
    "report rows stay in the console, in `report` and its files (--csv, --html), and on campaigns as far as they go",
  ripeline_handoff: "the handoffs behind a number are listed by `explain` and the console",
  leads: "contacts carry the state",
  "0-35": "campaign numbers stay in the console and in `report`",
};

/**
 * Which objects and fields the portal's plan has room for. An object gets all its fields where they take no more than half
 * of what is left, else the minimal set, else nothing; what is there already takes no room.
 */
export function chooseFields(targets: readonly TargetObject[], rooms: readonly ObjectRoom[]): Choice {
  const leftOut: LeftOut[] = [];
  const chosen = targets.flatMap((target) => {
    const room = rooms.find(({ object }) => object === target.object);
    if (room === undefined || (!room.isThere && !room.mayBeMade)) {
      leftOut.push({ component: target.object, reason: absence(target.object, room?.reason ?? null) });
      return [];
    }
    const fields = fitting(target, room);
    if (fields.length < target.fields.length) {
      const few = `the portal has room for ${room.fieldsLeft ?? 0} more custom properties on ${target.object}`;
      if (fields.length === 0) leftOut.push({ component: target.object, reason: few });
      else {
        const missing = target.fields.filter((field) => !fields.includes(field));
        leftOut.push(...missing.map(({ name }) => ({ component: `${target.object}.${name}`, reason: few })));
      }
    }
    return fields.length === 0 ? [] : [{ ...target, fields }];
  });
  return { targets: chosen, leftOut };
}

function absence(object: string, reason: string | null): string {
  const why = reason ?? "the portal does not have it";
  const instead = FALLBACK[object];
  return instead === undefined ? why : `${why.replace(/\.$/, "")}; instead, ${instead}`;
}

function fitting(target: TargetObject, room: ObjectRoom): TargetObject["fields"] {
  const left = room.fieldsLeft ?? Number.POSITIVE_INFINITY;
  const isNew = ({ name }: { readonly name: string }): boolean => !room.fields.has(name);
  if (target.fields.filter(isNew).length <= left * OUR_SHARE_OF_LEFT) return target.fields;
  const minimal = MINIMAL[target.object] ?? [];
  const few = target.fields.filter((field) => !isNew(field) || minimal.includes(field.name));
  if (few.filter(isNew).length <= left) return few;
  return target.fields.filter((field) => !isNew(field));
}
