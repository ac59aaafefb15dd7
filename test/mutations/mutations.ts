/** A fault put into our own code on purpose: the tests named must notice it. */
export interface CodeMutation {
  /** What would go wrong for a user. */
  readonly harm: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Test files of which at least one must fail, the one that should first: a run ends with its first failure. */
  readonly tests: readonly string[];
}

export const mutations: readonly CodeMutation[] = [
  {
    harm: "a lead is not rotting at its deadline, only after it",
    file: "src/metrics/models/intermediate/int_handoff.sql",
    find: "when due_at <= $3::timestamptz then 'rotting'",
    replace: "when due_at < $3::timestamptz then 'rotting'",
    tests: ["test/metrics/rot.integration.test.ts"],
  },
  {
    harm: "a touch at the deadline counts as late in the cohort rate",
    file: "src/metrics/models/reports/rpt_rot_cohort.sql",
    find: "when last_handoffs.first_touch_at <= last_handoffs.rots_at then 'in_time'",
    replace: "when last_handoffs.first_touch_at < last_handoffs.rots_at then 'in_time'",
    tests: ["test/metrics/rot.integration.test.ts"],
  },
  {
    harm: "an incoming call stops the clock",
    file: "src/metrics/models/staging/stg_touch.sql",
    find: "and coalesce(tasks.calltype, '') not in ('Inbound', 'Internal')",
    replace: "",
    tests: ["test/metrics/touch.integration.test.ts"],
  },
  {
    harm: "a bounced mail stops the clock",
    file: "src/metrics/models/staging/stg_touch.sql",
    find: "and not messages.is_bounced",
    replace: "",
    tests: ["test/metrics/touch.integration.test.ts"],
  },
  {
    harm: "cold handoffs water the rotting lead rate down",
    file: "src/metrics/models/reports/rpt_rot_now.sql",
    find: "('rotting_lead_rate', null, rotting, untouched + worked,",
    replace: "('rotting_lead_rate', null, rotting, untouched + worked + cold,",
    tests: ["test/metrics/rot.integration.test.ts"],
  },
  {
    harm: "handoffs whose start nobody knows count as cured or uncured waste",
    file: "src/metrics/models/reports/rpt_disposed.sql",
    find: "and handoff.evidence <> 'unknown'",
    replace: "",
    tests: ["test/metrics/rot.integration.test.ts"],
  },
  {
    harm: "the trap is judged on 19 leads",
    file: "src/metrics/models/reports/rpt_trap.sql",
    find: "and leads >= 20",
    replace: "and leads >= 19",
    tests: ["test/metrics/investment.integration.test.ts"],
  },
  {
    harm: "the capture gate closes at the allowed share",
    file: "src/metrics/capture-gate.ts",
    find: 'share > maxUnlogged ? "closed"',
    replace: 'share >= maxUnlogged ? "closed"',
    tests: ["test/metrics/touch.integration.test.ts"],
  },
  {
    harm: "renewals count as new pipeline",
    file: "src/metrics/models/intermediate/int_opportunity.sql",
    find: "when opportunities.type_name ~* 'renew' then 'renewal'",
    replace: "when opportunities.type_name ~* 'renew' then 'new'",
    tests: ["test/metrics/pipeline.integration.test.ts"],
  },
  {
    harm: "writing a flag runs the org's assignment rules",
    file: "connectors/salesforce/write-guard.ts",
    find: '"Sforce-Auto-Assign": "FALSE",',
    replace: "",
    tests: ["test/connectors/salesforce/write.unit.test.ts"],
  },
  {
    harm: "the parts of a Composite write without the harmless headers",
    file: "connectors/salesforce/write.ts",
    find: "headers: harmlessWriteHeaders,",
    replace: "",
    tests: ["test/connectors/salesforce/write.unit.test.ts"],
  },
  {
    harm: "a record of somebody else may be deleted",
    file: "connectors/salesforce/write-guard.ts",
    find: "ids.length > 0 && ids.every(isRecordOfCustomObject)",
    replace: "ids.length > 0",
    tests: ["test/connectors/salesforce/write-guard.unit.test.ts"],
  },
  {
    harm: "of many rows with one stamp some are lost when a locator expires",
    file: "connectors/salesforce/soql.ts",
    find: "AND Id > ${textLiteral(query.after.id)}",
    replace: "AND Id < ${textLiteral(query.after.id)}",
    tests: ["test/connectors/salesforce/pull.unit.test.ts"],
  },
  {
    harm: "deleted records are never noticed",
    file: "connectors/salesforce/pull-rest.ts",
    find: "/queryAll?q=",
    replace: "/query?q=",
    tests: ["test/connectors/salesforce/pull.unit.test.ts"],
  },
  {
    harm: "a page with a row too few is taken for whole",
    file: "src/mirror/merge-page.ts",
    find: "if (rows !== page.expectedRows) {",
    replace: "if (rows > page.expectedRows) {",
    tests: ["test/mirror/merge-page.integration.test.ts"],
  },
  {
    harm: "a delta begins at the watermark: what became visible late is lost",
    file: "src/mirror/stream-state.ts",
    find: "watermark.getTime() - stream.overlapMinutes * MINUTE_MS",
    replace: "watermark.getTime()",
    tests: ["test/mirror/stream-state.unit.test.ts"],
  },
  {
    harm: "an older state read again wins over a newer one",
    file: "src/mirror/merge-page.ts",
    find: "where i.id = s.id and (s.is_older or s.is_same)",
    replace: "where i.id = s.id and s.is_same",
    tests: ["test/mirror/merge-page.integration.test.ts"],
  },
  {
    harm: "ages and counts of trust are written every minute",
    file: "src/writeback/targets.ts",
    find: "isWritten(field) && !field.diff",
    replace: "isWritten(field) && field.name.length === 0",
    tests: ["test/writeback/push.integration.test.ts"],
  },
  {
    harm: "a name that is not ours could be written",
    file: "src/writeback/targets.ts",
    find: 'name.startsWith("Ripeline_") ||',
    replace: "name.length > 0 ||",
    tests: ["test/writeback/targets.unit.test.ts"],
  },
  {
    harm: "a flag that could not be cleared waits for a day",
    file: "src/writeback/retry-policy.ts",
    find: 'if (refusal.isClear) return { state: "retry", at: after(HOUR_MS) };',
    replace: "",
    tests: ["test/writeback/retry-policy.unit.test.ts"],
  },
  {
    harm: "the audit forgets what stood there before a run's first write",
    file: "src/writeback/record-page.ts",
    find: "previous = excluded.previous || audit.previous,",
    replace: "previous = audit.previous || excluded.previous,",
    tests: ["test/writeback/push.integration.test.ts"],
  },
  {
    harm: "numbers of a compute that died halfway are written",
    file: "src/metrics/publication.ts",
    find: "return found?.computing_as_of === null && ",
    replace: "return found !== undefined && ",
    tests: ["test/metrics/publication.integration.test.ts"],
  },
  {
    harm: "a token goes to a host that only looks like the vendor's",
    file: "connectors/shared/trusted-origin.ts",
    find: "hostname.endsWith(`.${domain}`)",
    replace: "hostname.includes(domain)",
    tests: ["test/connectors/salesforce/trusted-address.unit.test.ts"],
  },
  {
    harm: "two processes use a refresh token at once, and the org ends the grant",
    file: "src/mirror/stored-grant.ts",
    find: "await withLease(lease, () => refreshAlone(refused, refresh))",
    replace: "await refreshAlone(refused, refresh)",
    tests: ["test/mirror/stored-grant.integration.test.ts"],
  },
  {
    harm: "the credentials of one connection open in another",
    file: "src/mirror/keyring.ts",
    find: "FORMAT, key.id, ...place]",
    replace: "FORMAT, key.id]",
    tests: ["test/mirror/keyring.unit.test.ts"],
  },
  {
    harm: "former names, addresses and telephone numbers of leads are kept",
    file: "src/mirror/mirror-columns.ts",
    find: "case when s.field = 'Status' or ${staged} ~ ${OWNER_ID} then",
    replace: "case when ${OWNER_ID} <> '' then",
    tests: ["test/mirror/merge-page.integration.test.ts"],
  },
  {
    harm: "rows that the undo of an undo made again are written once more by the next push",
    file: "src/writeback/undo-decision.ts",
    find: "[...names, target.keyField].flatMap",
    replace: "names.flatMap",
    tests: ["test/writeback/undo-cut-short.integration.test.ts"],
  },
];
