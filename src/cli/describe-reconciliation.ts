import type { Reconciliation } from "../app.ts";
import { table } from "./text-table.ts";

/** The last comparison of ids, what needs an answer first. */
export function describeReconciliation({ at, objects }: Reconciliation): readonly string[] {
  const held = objects.filter((each) => each.held > 0);
  const rows = objects.map((each) => [
    each.object,
    each.crm,
    each.mirror,
    each.vanished,
    each.repaired,
    each.isComplete ? "" : "the list did not add up; compared again next night",
  ]);
  return [
    ...held.map(
      ({ object, held: gone, mirror }) =>
        `HELD: ${gone} of ${mirror} ${object} records are no longer listed by the CRM, too many to take as deleted. If sharing, ` +
        "the permission set or the user changed, give the integration user View All again; if they were deleted, run " +
        "`ripeline sync --accept-vanished`.",
    ),
    `Ids compared at ${at}`,
    table(["object", "in the CRM", "in the mirror", "vanished", "repaired", ""], rows),
  ];
}
