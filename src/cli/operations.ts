import { applyOperation } from "./apply.ts";
import { doctorOperation } from "./doctor.ts";
import { explainOperation } from "./explain.ts";
import { planOperation } from "./plan.ts";
import { reportOperation } from "./report.ts";
import { statusOperation } from "./status.ts";
import { syncOperation } from "./sync.ts";

/** Every command that works on the store, by name. */
export const operations = {
  apply: applyOperation,
  doctor: doctorOperation,
  explain: explainOperation,
  plan: planOperation,
  report: reportOperation,
  status: statusOperation,
  sync: syncOperation,
} as const;
