import type {
  EvidenceList,
  Fraction,
  HandoffEvidence,
  MetricText,
  OpportunityEvidence,
  ReportData,
  ReportRow,
  ResponseEvidence,
  RowType,
  UndeliveredEvidence,
} from "../../src/core/report-data.ts";

const AS_OF = new Date("2026-11-20T14:00:00Z");
const HOUR = 3_600_000;
/** The one connection of these reports. */
const CONNECTION = "salesforce";

/** A small dictionary with the units that matter to a renderer. */
const fixtureMetrics: readonly MetricText[] = [
  metric(
    "rotting_lead_rate",
    "Rotting lead rate",
    "ratio",
    "Open leads past their deadline with no recorded touch, divided by open leads that are untouched or worked.",
  ),
  metric(
    "rotting_share_of_untouched",
    "Rotting share of untouched",
    "ratio",
    "Open leads past their deadline, divided by open leads without a touch.",
  ),
  metric(
    "gone_cold_rate",
    "Gone cold rate",
    "ratio",
    "Open leads whose last touch is old, divided by open leads with a touch.",
  ),
  metric(
    "rot_cohort_rate",
    "Rotted, of those due",
    "ratio",
    "Handoffs without a touch at their deadline, divided by those that were due.",
  ),
  metric(
    "disposed_untouched_rate",
    "Disposed of untouched",
    "ratio",
    "Leads closed without a touch, divided by leads closed.",
  ),
  metric(
    "lead_first_response_hours_median",
    "Hours to first response, median",
    "hours",
    "From the first handoff to the first touch; median.",
  ),
  metric(
    "lead_first_response_hours_p90",
    "Hours to first response, 90th percentile",
    "hours",
    "From the first handoff to the first touch; 90th percentile.",
  ),
  metric("open_leads", "Open leads", "count", "Open handoffs."),
  metric("open_opportunities", "Open opportunities", "count", "Open opportunities."),
  metric("undelivered_count", "Undelivered leads", "count", "Qualified leads that no rep owns."),
  metric(
    "undelivered_age_hours_median",
    "Undelivered age, median",
    "hours",
    "Hours since the lead became undelivered; median.",
  ),
  metric(
    "undelivered_age_hours_p90",
    "Undelivered age, 90th percentile",
    "hours",
    "Hours since the lead became undelivered; 90th percentile.",
  ),
  metric(
    "undelivered_past_expiry_rate",
    "Undelivered past expiry",
    "ratio",
    "Past the delivery deadline, divided by all undelivered.",
  ),
  metric(
    "unlogged_work_share",
    "Unlogged work",
    "ratio",
    "Moved on without a recorded touch, divided by all that moved on.",
  ),
  metric(
    "in_process",
    "In process",
    "count",
    "Open handoffs, cold and unknown ones too, plus open opportunities.",
  ),
  metric("load", "Load", "number", "Weighted open work, divided by capacity times availability."),
  metric("headroom", "Headroom", "number", "Capacity times availability, minus weighted open work."),
  metric(
    "load_gini",
    "Spread of load (Gini)",
    "number",
    "Gini coefficient of load over the active reps of one role.",
  ),
  metric("leads", "Leads", "count", "People whose first response to the campaign falls in the period."),
  metric("investment", "Investment", "money", "The campaigns' own actual cost."),
  metric("cost_per_lead", "Cost per lead", "money", "Investment, divided by leads."),
  metric("pipeline", "Pipeline", "money", "Amounts of opportunities of campaigns of known cost."),
  metric(
    "pipeline_per_dollar",
    "Pipeline per dollar",
    "money_ratio",
    "Attributed pipeline divided by investment, in the workspace's currency.",
  ),
  metric(
    "pipeline_without_cost",
    "Pipeline without cost",
    "money",
    "Pipeline of campaigns of unknown cost, and of none.",
  ),
  metric(
    "trap_kendall_tau",
    "Cheap leads against rich pipeline (Kendall's tau)",
    "number",
    "Agreement of two rankings: 1 the same, -1 opposite.",
  ),
  metric(
    "opportunities",
    "Opportunities",
    "count",
    "Opportunities created in the period that count in pipeline.",
  ),
  metric("won", "Won", "count", "Opportunities won in the period."),
];

function metric(name: string, label: string, unit: MetricText["unit"], formula: string): MetricText {
  return { name, label, unit, formula };
}

/** Deterministic numbers in [0, 1): the same company on every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function id(prefix: string, number: number): string {
  return `${prefix}${String(number).padStart(12, "0")}AAA`;
}

function pointInTime(
  rowType: RowType,
  member: string | null,
  label: string,
  values: Readonly<Record<string, number | string | null>>,
  reasons: Readonly<Record<string, string>> = {},
): ReportRow {
  return {
    row_type: rowType,
    member,
    label,
    period_type: "day",
    period_start: "2026-11-20",
    basis: "point_in_time",
    model: "",
    age_days: null,
    currency: "USD",
    reasons,
    ...values,
  };
}

function lifetime(
  rowType: RowType,
  member: string | null,
  label: string,
  values: Readonly<Record<string, number | string | null>>,
  reasons: Readonly<Record<string, string>> = {},
): ReportRow {
  return {
    row_type: rowType,
    member,
    label,
    period_type: "lifetime",
    period_start: null,
    basis: "in_period",
    model: "primary_campaign",
    age_days: null,
    currency: "USD",
    reasons,
    ...values,
  };
}

const REPS = [
  ["Amara Okafor", "Inbound", 42, 0.12],
  ["Ben Castellano", "Inbound", 61, 0.44],
  ["Chiyo Tanaka", "Inbound", 38, 0.08],
  ["Dara Whitfield", "Inbound", 47, 0.21],
  ["Elif Demir", "Inbound", 55, 0.31],
  ["Farid Haddad", "Enterprise", 29, 0.1],
  ["Greta Lindqvist", "Enterprise", 33, 0.16],
  ["Hugo Marchetti", "Enterprise", 51, 0.38],
  ["Ines Carvalho", "Enterprise", 24, 0.05],
  ["Jonas Weber", "Expansion", 19, 0.07],
  ["Kavya Raman", "Expansion", 27, 0.19],
  ["Liam O’Connell", "Expansion", 35, 0.27],
] as const;
const SOURCES = [
  "Web",
  "Trade show",
  "Referral",
  "Content syndication",
  "Paid search",
  "Outbound list",
  null,
] as const;
const SOURCE_BIAS = [0.8, 1.5, 0.4, 2.1, 1, 1.9, 1.3] as const;
const CAMPAIGNS = [
  ["Spring field day, Chicago", 38_000, 96, 21, 14_800],
  ["Paid search, brand", 21_500, 410, 38, 5_200],
  ["Paid search, generic", 46_000, 690, 24, 3_900],
  ["Content syndication Q2", 18_000, 720, 9, 3_100],
  ["Webinar: The ripe lead", 6_400, 310, 26, 7_400],
  ["Partner co-marketing", 27_000, 118, 19, 12_300],
  ["Trade show, Las Vegas", 92_000, 240, 31, 10_900],
  ["Customer referral program", 9_500, 64, 22, 11_700],
  ["Retargeting", 14_200, 530, 7, 2_600],
  ["Analyst report", 33_000, 85, 4, 6_200],
  ["Newsletter", null, 205, 12, 4_400],
] as const;

/** The demo company: most things known, a few unknown, one campaign without cost. Every number is counted from its rows. */
export function demoReport(): ReportData {
  const random = sequence(20_261_120);
  const handoffs = REPS.flatMap(([ownerName, , held, rate], rep) =>
    Array.from({ length: held }, (_unused, index) => handoff(random, { ownerName, rep, index, rate })),
  );
  const undelivered = Array.from(
    { length: 37 },
    (_unused, index): UndeliveredEvidence => ({
      connectionId: CONNECTION,
      leadId: id("00Q", 900_000 + index),
      holder: index % 9 === 0 ? null : index % 4 === 0 ? "Event follow-up queue" : "Inbound queue",
      source: SOURCES[index % SOURCES.length] ?? null,
      since: new Date(AS_OF.getTime() - (1 + index * 2.7) * HOUR),
    }),
  );
  const deals = CAMPAIGNS.flatMap(([, , , count, amount], campaign) =>
    Array.from({ length: count }, (_unused, index) => ({
      campaign,
      ...deal(random, campaign * 100 + index, amount),
    })),
  );
  const fractions: Fraction[] = [];
  const rows: ReportRow[] = [];
  const rotRow = (
    rowType: RowType,
    member: string | null,
    label: string,
    mine: readonly HandoffEvidence[],
    more: Readonly<Record<string, number | string | null>>,
    reasons: Readonly<Record<string, string>> = {},
  ) => {
    const count = (...states: readonly string[]) => mine.filter((row) => states.includes(row.state)).length;
    const untouched = count("waiting", "at_risk", "rotting");
    const working = untouched + count("worked", "worked_late");
    const touched = count("worked", "worked_late", "gone_cold");
    const rate = (name: string, numerator: number, denominator: number) => {
      if (denominator > 0)
        fractions.push({
          row_type: rowType,
          member,
          period_type: "day",
          period_start: "2026-11-20",
          basis: "point_in_time",
          model: "",
          age_days: null,
          metric: name,
          numerator,
          denominator,
        });
      return { [name]: denominator === 0 ? null : numerator / denominator };
    };
    rows.push(
      pointInTime(
        rowType,
        member,
        label,
        {
          ...rate("rotting_lead_rate", count("rotting"), working),
          ...rate("rotting_share_of_untouched", count("rotting"), untouched),
          ...rate("gone_cold_rate", count("gone_cold"), touched),
          open_leads: mine.length,
          ...more,
        },
        { ...(working < 10 ? { rotting_lead_rate: "small" } : {}), ...reasons },
      ),
    );
  };
  rotRow("workspace", null, "All", handoffs, {
    undelivered_count: undelivered.length,
    undelivered_age_hours_median: 49.6,
    undelivered_age_hours_p90: 88.5,
    undelivered_past_expiry_rate: 28 / 37,
    unlogged_work_share: 0.06,
    open_opportunities: 64,
    in_process: handoffs.length + 64,
  });
  for (const source of SOURCES)
    rotRow(
      "source",
      source,
      source ?? "no source",
      handoffs.filter((row) => row.source === source),
      {
        undelivered_count: undelivered.filter((row) => row.source === source).length,
      },
    );
  REPS.forEach(([name, , held], rep) => {
    const opportunities = 2 + ((rep * 7) % 9);
    const capacity = rep === 9 ? null : 50;
    rotRow(
      "rep",
      id("005", rep + 1),
      name,
      handoffs.filter((row) => row.ownerName === name),
      {
        unlogged_work_share: 0.02 * (rep % 5),
        open_opportunities: opportunities,
        in_process: held + opportunities,
        load: capacity === null ? null : (held + opportunities) / capacity,
        headroom: capacity === null ? null : capacity - held - opportunities,
      },
      capacity === null
        ? { load: "no capacity is set for this rep", headroom: "no capacity is set for this rep" }
        : {},
    );
  });
  ["Inbound", "Enterprise", "Expansion"].forEach((team, index) => {
    const mine = REPS.filter(([, of]) => of === team);
    rotRow(
      "team",
      id("00E", index + 1),
      team,
      handoffs.filter((row) => mine.some(([name]) => name === row.ownerName)),
      {
        in_process: mine.reduce((sum, [, , held]) => sum + held, 0) + 20,
        load_gini: [0.09, 0.21, null][index] ?? null,
      },
      index === 2 ? { load_gini: "one rep of the team has no capacity" } : {},
    );
  });
  const campaignRows = CAMPAIGNS.map(([label, cost, leads, opportunities, amount], index): ReportRow => {
    const pipeline = deals
      .filter((row) => row.campaign === index)
      .reduce((sum, row) => sum + (row.pipelineAmount ?? 0), 0);
    return lifetime(
      "campaign",
      id("701", index + 1),
      label,
      {
        investment: cost,
        investment_basis: cost === null ? null : index % 3 === 0 ? "spread 100%" : "observed 40%, spread 60%",
        leads,
        cost_per_lead: cost === null ? null : cost / leads,
        opportunities,
        pipeline,
        pipeline_per_dollar: cost === null ? null : pipeline / cost,
        won: Math.round(opportunities * 0.28),
        trap: null,
        average: amount,
      },
      cost === null
        ? {
            investment: "cost missing",
            cost_per_lead: "cost missing",
            pipeline_per_dollar: "cost missing",
            trap: "cost missing",
          }
        : {},
    );
  });
  rows.push(...markTrap(campaignRows));
  const known = campaignRows.filter((row) => row["investment"] !== null);
  const total = (name: string) => known.reduce((sum, row) => sum + Number(row[name]), 0);
  rows.push(
    lifetime("workspace", null, "All", {
      investment: total("investment"),
      leads: total("leads"),
      cost_per_lead: total("investment") / total("leads"),
      pipeline: total("pipeline"),
      pipeline_per_dollar: total("pipeline") / total("investment"),
      pipeline_without_cost: 52_800,
      opportunities: total("opportunities"),
      won: total("won"),
      trap_kendall_tau: -0.2,
      rot_cohort_rate: 0.29,
      disposed_untouched_rate: 0.08,
      lead_first_response_hours_median: 6.4,
      lead_first_response_hours_p90: 41,
    }),
  );
  rows.push({
    ...lifetime("workspace", null, "All", {
      pipeline_per_dollar: (total("pipeline") * 0.91) / total("investment"),
    }),
    basis: "cohort",
    model: "first_touch",
  });
  const evidence: EvidenceList[] = [
    { kind: "undelivered", rowType: "workspace", member: null, total: undelivered.length, rows: undelivered },
    ...REPS.flatMap(([name], rep): EvidenceList[] => {
      const mine = handoffs.filter((row) => row.ownerName === name);
      const open = deals.filter((row) => row.outcome === "open" && row.ownerName === name);
      return [
        { kind: "handoffs", rowType: "rep", member: id("005", rep + 1), total: mine.length, rows: mine },
        { kind: "opportunities", rowType: "rep", member: id("005", rep + 1), total: open.length, rows: open },
      ];
    }),
    ...SOURCES.map((source): EvidenceList => {
      const mine = handoffs.filter((row) => row.source === source);
      return { kind: "handoffs", rowType: "source", member: source, total: mine.length, rows: mine };
    }),
    ...CAMPAIGNS.flatMap(([label, cost, leads], index): EvidenceList[] => {
      const member = id("701", index + 1);
      const mine = deals.filter((row) => row.campaign === index);
      const people = Array.from(
        { length: Math.min(leads, 260) },
        (_unused, person): ResponseEvidence => ({
          connectionId: CONNECTION,
          recordType: "lead",
          recordId: id("00Q", index * 10_000 + person),
          respondedOn: `2026-${String(1 + (person % 11)).padStart(2, "0")}-${String(1 + (person % 28)).padStart(2, "0")}`,
        }),
      );
      return [
        { kind: "opportunities", rowType: "campaign", member, total: mine.length, rows: mine },
        { kind: "responses", rowType: "campaign", member, total: leads, rows: people },
        {
          kind: "costs",
          rowType: "campaign",
          member,
          total: 1,
          rows: [
            {
              connectionId: CONNECTION,
              campaignId: member,
              campaignName: label,
              cost,
              basis: cost === null ? null : "spread",
              startOn: "2026-02-01",
              endOn: index % 4 === 0 ? null : "2026-10-31",
            },
          ],
        },
      ];
    }),
  ];
  return {
    run: {
      workspaceName: "Bramley & Pippin",
      connections: [
        {
          id: CONNECTION,
          crm: "salesforce",
          orgId: "00D000000000001AAA",
          instanceUrl: "https://bramley.example.my.salesforce.com",
          unit: "Lead",
          captureGate: "passed",
          captureReason: null,
          unloggedShare: 0.06,
        },
      ],
      asOf: AS_OF,
      timeZone: "America/Chicago",
      currency: "USD",
    },
    metrics: fixtureMetrics,
    rows,
    fractions,
    evidence,
    trust: {
      leadsWithoutSource: 0.034,
      campaignsWithoutCost: 1 / 11,
      handoffsUnknown: 14,
      opportunitiesWithoutAmount: 6,
      quarantined: 0,
      hiddenFields: [
        { connectionId: CONNECTION, object: "Opportunity", field: "ExpectedRevenue", metrics: [] },
      ],
      countedAt: new Date("2026-06-01T07:30:00Z"),
      counts: [
        { connectionId: CONNECTION, object: "Lead", crm: 5_000, mirror: 5_000 },
        { connectionId: CONNECTION, object: "Task", crm: 14_211, mirror: 14_211 },
        { connectionId: CONNECTION, object: "Opportunity", crm: 1_000, mirror: 1_000 },
      ],
      notes: [
        "Two opportunities are in a currency without a rate; their amounts are unknown and counted above.",
      ],
    },
    written: [
      { connectionId: CONNECTION, object: "Lead", changed: 461, written: 461, rejected: 0, calls: 3 },
      { connectionId: CONNECTION, object: "Campaign", changed: 11, written: 11, rejected: 0, calls: 1 },
      {
        connectionId: CONNECTION,
        object: "Ripeline_Handoff__c",
        changed: 512,
        written: 512,
        rejected: 0,
        calls: 3,
      },
      {
        connectionId: CONNECTION,
        object: "Ripeline_Metric__c",
        changed: 1_184,
        written: 1_184,
        rejected: 0,
        calls: 6,
      },
    ],
    calls: [
      {
        connectionId: CONNECTION,
        byPurpose: [
          { purpose: "reading", calls: 21 },
          { purpose: "writing", calls: 13 },
          { purpose: "checking", calls: 5 },
        ],
        total: 39,
        dailyLimit: 150_000,
      },
    ],
    phases: [
      { phase: "pull", seconds: 4.2 },
      { phase: "compute", seconds: 2.6 },
      { phase: "push", seconds: 3.1 },
    ],
  };
}

function handoff(
  random: () => number,
  of: { readonly ownerName: string; readonly rep: number; readonly index: number; readonly rate: number },
): HandoffEvidence {
  const source = Math.floor(random() ** 1.4 * SOURCES.length);
  const isRotting = random() < of.rate * (SOURCE_BIAS[source] ?? 1);
  const roll = random();
  const state = isRotting
    ? "rotting"
    : roll < 0.16
      ? "waiting"
      : roll < 0.22
        ? "at_risk"
        : roll < 0.7
          ? "worked"
          : roll < 0.8
            ? "worked_late"
            : "gone_cold";
  const isWaiting = state === "waiting" || state === "at_risk";
  const handedOffAt = new Date(AS_OF.getTime() - (isWaiting ? 2 + roll * 80 : 25 + random() * 400) * HOUR);
  const isTouched = !isRotting && !isWaiting;
  return {
    connectionId: CONNECTION,
    leadId: id("00Q", of.rep * 1_000 + of.index),
    ownerName: of.ownerName,
    source: SOURCES[source] ?? null,
    state,
    evidence: "history",
    handedOffAt,
    rotsAt: new Date(handedOffAt.getTime() + 24 * HOUR),
    firstTouchAt: isTouched
      ? new Date(handedOffAt.getTime() + (state === "worked_late" ? 30 : 5) * HOUR)
      : null,
    firstTouchKind: isTouched ? (roll < 0.5 ? "call" : "email") : null,
  };
}

function deal(random: () => number, number: number, typical: number): OpportunityEvidence {
  const roll = random();
  const outcome = roll < 0.28 ? "won" : roll < 0.6 ? "lost" : "open";
  const amount = random() < 0.03 ? null : Math.round((typical * (0.4 + random() * 1.2)) / 50) * 50;
  return {
    connectionId: CONNECTION,
    opportunityId: id("006", number),
    ownerName: REPS[number % REPS.length]?.[0] ?? "nobody",
    stage: { won: "Closed Won", lost: "Closed Lost", open: "Proposal" }[outcome],
    outcome,
    type: number % 11 === 0 ? "expansion" : "new",
    amount,
    pipelineAmount: amount,
    countsInPipeline: true,
    createdAt: new Date(AS_OF.getTime() - random() * 4_000 * HOUR),
    closeOn: "2026-12-15",
    stalledSince: null,
  };
}

/** The rule of the cost-per-lead trap: both below, or both above, the medians of the compared rows. */
function markTrap(rows: readonly ReportRow[]): readonly ReportRow[] {
  const compared = rows.filter(
    (row) => Number(row["investment"]) > 0 && Number(row["leads"]) >= 20 && Number(row["opportunities"]) >= 3,
  );
  const middle = (name: string) => {
    const sorted = compared.map((row) => Number(row[name])).toSorted((a, b) => a - b);
    return (
      ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) +
        (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) /
      2
    );
  };
  const [cost, pipeline] = [middle("cost_per_lead"), middle("pipeline_per_dollar")];
  return rows.map((row) => {
    if (!compared.includes(row)) return row;
    const [c, p] = [Number(row["cost_per_lead"]), Number(row["pipeline_per_dollar"])];
    const trap =
      c < cost && p < pipeline ? "cheap_but_poor" : c > cost && p > pipeline ? "dear_but_rich" : null;
    return { ...row, trap };
  });
}

const NOT_LOGGED = "activity is not logged in the CRM";

/** A company whose CRM holds neither activities nor costs nor amounts: nearly everything is unknown, with a reason. */
export function unknownReport(): ReportData {
  const rot = { rotting_lead_rate: null, rotting_share_of_untouched: null, gone_cold_rate: null };
  const rotReasons = {
    rotting_lead_rate: NOT_LOGGED,
    rotting_share_of_untouched: NOT_LOGGED,
    gone_cold_rate: NOT_LOGGED,
  };
  const sources = [
    "organic_search",
    "paid_search",
    "social",
    "unknown",
    "direct_traffic",
    "email",
    "referral",
    "other",
    "display",
    "other_publicities",
    null,
  ] as const;
  const undeliveredBySource = [2_025, 1_391, 1_274, 998, 443, 478, 260, 146, 112, 60, 148] as const;
  const undelivered = Array.from(
    { length: 200 },
    (_unused, index): UndeliveredEvidence => ({
      connectionId: CONNECTION,
      leadId: id("00Q", index),
      holder: "Marketing qualified leads",
      source: sources[index % 11] ?? null,
      since: new Date(Date.UTC(2017, 5, 14 + index)),
    }),
  );
  const noCost = {
    investment: "cost missing",
    cost_per_lead: "cost missing",
    pipeline_per_dollar: "cost missing",
    pipeline: "no counted opportunity has an amount",
    trap: "cost missing",
  };
  const won = [120, 104, 58, 41, 22, 9, 4, 0] as const;
  const rows: ReportRow[] = [
    pointInTime(
      "workspace",
      null,
      "All",
      {
        ...rot,
        undelivered_count: 7_335,
        undelivered_age_hours_median: 3_216,
        undelivered_age_hours_p90: 7_104,
        undelivered_past_expiry_rate: 1,
        unlogged_work_share: 1,
        open_leads: 0,
        open_opportunities: 0,
        in_process: 0,
      },
      rotReasons,
    ),
    ...sources.map((source, index) =>
      pointInTime(
        "source",
        source,
        source ?? "no source",
        { ...rot, undelivered_count: undeliveredBySource[index] ?? 0, open_leads: 0 },
        rotReasons,
      ),
    ),
    ...["Sales rep 9d12ef1a", "Sales rep 4ef15afb", "Sales rep d3d1e91a"].map((label, index) =>
      pointInTime(
        "rep",
        id("005", index),
        label,
        {
          ...rot,
          open_leads: 0,
          open_opportunities: 0,
          in_process: 0,
          unlogged_work_share: 1,
          load: null,
          headroom: null,
        },
        { ...rotReasons, load: "no capacity is set", headroom: "no capacity is set" },
      ),
    ),
    lifetime(
      "workspace",
      null,
      "All",
      {
        investment: null,
        leads: 8_000,
        cost_per_lead: null,
        pipeline: null,
        pipeline_per_dollar: null,
        pipeline_without_cost: null,
        opportunities: 665,
        won: 665,
      },
      { ...noCost, pipeline_without_cost: "no counted opportunity has an amount" },
    ),
    ...won.map((count, index) =>
      lifetime(
        "campaign",
        id("701", index),
        `Landing page b76ef37${index}`,
        {
          investment: null,
          investment_basis: null,
          leads: 912 - index * 90,
          cost_per_lead: null,
          opportunities: count,
          pipeline: null,
          pipeline_per_dollar: null,
          won: count,
          trap: null,
        },
        noCost,
      ),
    ),
  ];
  return {
    run: {
      workspaceName: "Olist <script>alert(1)</script>",
      connections: [
        {
          id: CONNECTION,
          crm: "salesforce",
          orgId: "00D000000000002AAA",
          instanceUrl: null,
          unit: "Lead",
          captureGate: "closed",
          captureReason: "no call, e-mail or meeting is recorded for any rep",
          unloggedShare: 1,
        },
      ],
      asOf: new Date("2018-06-01T00:00:00Z"),
      timeZone: "UTC",
      currency: "BRL",
    },
    metrics: fixtureMetrics,
    rows,
    fractions: [],
    evidence: [
      { kind: "undelivered", rowType: "workspace", member: null, total: 7_335, rows: undelivered },
      ...won.flatMap((count, index): EvidenceList[] => [
        {
          kind: "opportunities",
          rowType: "campaign",
          member: id("701", index),
          total: count,
          rows: Array.from(
            { length: Math.min(count, 200) },
            (_unused, number): OpportunityEvidence => ({
              connectionId: CONNECTION,
              opportunityId: id("006", index * 1_000 + number),
              ownerName: "Sales rep 9d12ef1a",
              stage: "Closed Won",
              outcome: "won",
              type: "new",
              amount: null,
              pipelineAmount: null,
              countsInPipeline: true,
              createdAt: new Date("2018-05-01T00:00:00Z"),
              closeOn: "2018-05-01",
              stalledSince: null,
            }),
          ),
        },
      ]),
    ],
    trust: {
      leadsWithoutSource: 0.0075,
      campaignsWithoutCost: 1,
      handoffsUnknown: 0,
      opportunitiesWithoutAmount: 665,
      quarantined: 0,
      hiddenFields: [],
      countedAt: null,
      counts: [{ connectionId: CONNECTION, object: "Lead", crm: 8_000, mirror: 8_000 }],
      notes: [],
    },
    written: [
      { connectionId: CONNECTION, object: "Lead", changed: 7_335, written: 7_334, rejected: 1, calls: 37 },
    ],
    calls: [{ connectionId: CONNECTION, byPurpose: [], total: 52, dailyLimit: null }],
    phases: [
      { phase: "pull", seconds: 5 },
      { phase: "compute", seconds: 2 },
      { phase: "push", seconds: 4 },
    ],
  };
}
