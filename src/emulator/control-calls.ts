/** The control API as data: its refusals and the documentation are made from this list. */

/** One call of the control API; tests and benchmarks use it, no client does, and it is not counted. */
export interface ControlCall {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below `/control/`. */
  readonly path: string;
  readonly does: string;
}

export const controlCalls: readonly ControlCall[] = [
  {
    method: "GET",
    path: "requests",
    does: "Requests by operation, metered ones, subrequests, parameters ignored, and every write (?writes=0, ?since=N).",
  },
  { method: "GET", path: "clock", does: "The emulated time." },
  { method: "POST", path: "clock", does: 'Sets it: {"now"}, {"advanceSeconds"}, {"stopped"}.' },
  { method: "GET", path: "faults", does: "Faults with how often they met a request, and the settings." },
  {
    method: "POST",
    path: "faults",
    does: 'Adds {"faults": [...]} after {"clear": true}; {"salesforce": {...}} changes sizes, allowances, sessions (expireSessions, appRevoked), dateSkewSeconds and the org; {"hubspot": {...}} editions (tier, tiers), allowances, scopes, credential, assertions, searchIndexLagSeconds and what nobody has seen. A fault is matched by crm, operation, method, object, path; chosen by nth, skip, times or count, probability and seed; strikes before or after the request took effect; and is a preset, an answer, a reset, a cut, stalled, slow or early ended body, headers or a delay.',
  },
  { method: "DELETE", path: "faults", does: "Removes every fault." },
  { method: "GET", path: "automation", does: "What the org does by itself." },
  {
    method: "POST",
    path: "automation",
    does: 'Under {"salesforce": {...}} replaces the parts named: validationRules, triggers, duplicateRules, rowLocks, approvalLocks, hiddenRecords, fieldHistory, storage, otherClients, moments (a picklist value renamed, a field revoked, automation changed, after so many metered requests); under {"hubspot": {...}} validationRules (kept on paths of 2026-09) and webhooks (targetUrl on this machine, subscriptions). {"clear": true} takes all of it away first, but not what an administrator changed.',
  },
  { method: "DELETE", path: "automation", does: "Takes it away." },
  {
    method: "POST",
    path: "recycle-bin",
    does: '{"salesforce": {"undelete": [ids]}} restores records with what was deleted with them; {"purge": {"ids"} or {"object"} or {}} takes them out for good. On hubspot each names its objectType.',
  },
  {
    method: "POST",
    path: "load/CRM/OBJECT",
    does: "NDJSON rows, upserted by Id, audit fields allowed; no automation runs. HubSpot: records with properties, propertiesWithHistory and associations, owners, properties.",
  },
  { method: "GET", path: "records/CRM/OBJECT", does: "Every record as NDJSON, formula fields evaluated." },
  {
    method: "POST",
    path: "reset",
    does: "The start state: records, metadata, faults, settings, automation, standing sessions, clock.",
  },
];
