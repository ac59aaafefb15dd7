import type { Incoming } from "../../server/incoming.ts";
import type { WriteOptions } from "../org.ts";

/**
 * How the request's headers want its writes done. `Sforce-Auto-Assign` is on unless it says FALSE: the vendor's
 * default, and the reason why a harmless update can move a lead's owner.
 */
export function writeOptions(incoming: Incoming, operation: string, allOrNone: boolean): WriteOptions {
  return {
    autoAssign: !/^\s*false\s*$/i.test(incoming.headers["sforce-auto-assign"] ?? ""),
    allowDuplicates: /allowsave\s*=\s*true/i.test(incoming.headers["sforce-duplicate-rule-header"] ?? ""),
    allOrNone,
    operation,
  };
}
