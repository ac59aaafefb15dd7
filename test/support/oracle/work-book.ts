import type { Book } from "./book.ts";
import { addUnloggedWork, captureGate } from "./capture.ts";
import { addPipelineCohorts } from "./cohort-metrics.ts";
import type { CompanyFacts } from "./company-facts.ts";
import { addLoad } from "./load-metrics.ts";
import { addLoadVRot } from "./load-v-rot.ts";
import { addLoaded, type OverheadEntry } from "./loaded-metrics.ts";
import { addMoney } from "./money-metrics.ts";
import { addDisposed, addRotCohorts, addRotNow, addUndelivered } from "./rot-metrics.ts";
import { addFunnel, addSales } from "./sales-metrics.ts";

/** Metrics that say nothing where activity is not logged (definitions 3). */
const NEED_TOUCHES: readonly string[] = [
  "rotting_lead_rate",
  "rotting_share_of_untouched",
  "gone_cold_rate",
  "rotting_leads",
  "at_risk_leads",
  "gone_cold_leads",
  "rot_cohort_rate",
  "rot_cohort_ended_untouched",
  "rot_cohort_not_yet_due",
  "disposed_untouched_rate",
  "stalled_opportunities",
  "touches_per_lead",
];

/** Every value the oracle works, by report row and metric. @param overhead what stands in the cost ledger beside programs */
export function workBook(facts: CompanyFacts, overhead: readonly OverheadEntry[] = []): Book {
  const book: Book = new Map();
  addRotNow(book, facts);
  addRotCohorts(book, facts);
  addDisposed(book, facts);
  addUndelivered(book, facts);
  addUnloggedWork(book, facts);
  addLoad(book, facts);
  addLoadVRot(book, facts);
  addSales(book, facts);
  addFunnel(book, facts);
  addMoney(book, facts);
  addPipelineCohorts(book, facts);
  addLoaded(book, facts, overhead);
  if (captureGate(facts).gate === "closed") {
    for (const key of book.keys()) {
      if (NEED_TOUCHES.some((metric) => key.endsWith(` | ${metric}`))) book.set(key, { value: null });
    }
  }
  return book;
}
