import { z } from "zod";
import type { Json } from "../../core/json.ts";

/** The words of a record's rot status; null: no clock runs. */
export type RotStatus = "waiting" | "at_risk" | "rotting" | "worked" | "worked_late" | "gone_cold";

/** What stands in the CRM on one record, as it was last confirmed. Instants are UTC. */
export interface FlagState {
  readonly status: RotStatus | null;
  readonly isRotting: boolean;
  readonly handedOffAt: Date | null;
  /** Owner id. */
  readonly handedOffTo: string | null;
  readonly atRiskAt: Date | null;
  readonly rotsAt: Date | null;
  readonly firstTouchAt: Date | null;
  readonly coldAt: Date | null;
}

/** Our properties in HubSpot that make up the flag. */
export const FLAG_PROPERTIES = {
  status: "ripeline_rot_status",
  isRotting: "ripeline_rotting",
  handedOffAt: "ripeline_handed_off_at",
  handedOffTo: "ripeline_handed_off_to",
  atRiskAt: "ripeline_at_risk_at",
  rotsAt: "ripeline_rots_at",
  firstTouchAt: "ripeline_first_touch_at",
  coldAt: "ripeline_cold_at",
} as const satisfies Readonly<Record<keyof FlagState, string>>;

const Status = z.enum(["waiting", "at_risk", "rotting", "worked", "worked_late", "gone_cold"]);
const Instant = z.iso.datetime().transform((text) => new Date(text));

const Fields = z.looseObject({
  [FLAG_PROPERTIES.status]: Status.nullable().catch(null).default(null),
  [FLAG_PROPERTIES.isRotting]: z.boolean().nullable().default(false),
  [FLAG_PROPERTIES.handedOffAt]: Instant.nullable().default(null),
  [FLAG_PROPERTIES.handedOffTo]: z.string().nullable().default(null),
  [FLAG_PROPERTIES.atRiskAt]: Instant.nullable().default(null),
  [FLAG_PROPERTIES.rotsAt]: Instant.nullable().default(null),
  [FLAG_PROPERTIES.firstTouchAt]: Instant.nullable().default(null),
  [FLAG_PROPERTIES.coldAt]: Instant.nullable().default(null),
});

/** @param fields of a row in `writeback.acknowledged` */
export function readFlagState(fields: Json): FlagState {
  const read = Fields.parse(fields);
  return {
    status: read[FLAG_PROPERTIES.status],
    isRotting: read[FLAG_PROPERTIES.isRotting] ?? false,
    handedOffAt: read[FLAG_PROPERTIES.handedOffAt],
    handedOffTo: read[FLAG_PROPERTIES.handedOffTo],
    atRiskAt: read[FLAG_PROPERTIES.atRiskAt],
    rotsAt: read[FLAG_PROPERTIES.rotsAt],
    firstTouchAt: read[FLAG_PROPERTIES.firstTouchAt],
    coldAt: read[FLAG_PROPERTIES.coldAt],
  };
}
