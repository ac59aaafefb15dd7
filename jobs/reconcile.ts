import type { Reconciliation } from "../src/app.ts";
import type { StepContext } from "./step-context.ts";

/** Compares ids with the CRM's. What vanished in suspicious numbers is only reported: somebody has to say so by hand. */
export function runReconcile({ app, signal }: StepContext): Promise<Reconciliation> {
  return app.reconcile({ acceptVanished: false }, signal);
}
