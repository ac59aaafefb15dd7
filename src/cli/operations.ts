import { applyOperation } from "./apply.ts";
import { auditOperation } from "./audit.ts";
import { connectOperation, rotateKeyOperation } from "./connect.ts";
import { costsImportOperation } from "./costs-import.ts";
import { doctorOperation } from "./doctor.ts";
import { explainOperation } from "./explain.ts";
import { forgetOperation } from "./forget.ts";
import { planOperation } from "./plan.ts";
import { reportOperation } from "./report.ts";
import { statusOperation } from "./status.ts";
import { syncOperation } from "./sync.ts";
import { undoOperation } from "./undo.ts";

/** Every command that works on the store, by name. */
export const operations = {
  apply: applyOperation,
  audit: auditOperation,
  connect: connectOperation,
  costsImport: costsImportOperation,
  doctor: doctorOperation,
  explain: explainOperation,
  forget: forgetOperation,
  plan: planOperation,
  report: reportOperation,
  rotateKey: rotateKeyOperation,
  status: statusOperation,
  sync: syncOperation,
  undo: undoOperation,
} as const;
