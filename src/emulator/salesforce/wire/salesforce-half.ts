import { SECOND_MS } from "../../../core/time.ts";
import { type Operation, salesforceOperations } from "../../operations.ts";
import { type Answer, jsonAnswer } from "../../server/answer.ts";
import { type Moment, readAutomation } from "../../server/automation-body.ts";
import type { EmulatorClock } from "../../server/emulator-clock.ts";
import type { Found, Half } from "../../server/half.ts";
import { BodyTooLargeError, BrokenBodyError, type Incoming } from "../../server/incoming.ts";
import { type ConfigurableOrg, readOrgSettings } from "../../server/org-settings.ts";
import { readRecycleCommand } from "../../server/recycle-body.ts";
import type { RequestLedger } from "../../server/request-ledger.ts";
import { createRouteTable, type RouteMatch } from "../../server/route-table.ts";
import { type Org, type Session, VendorError } from "../org.ts";
import { createApiUsage, type OtherClients } from "./api-usage.ts";
import { createIngestJobs } from "./bulk/ingest-jobs.ts";
import { createQueryJobs } from "./bulk/query-jobs.ts";
import type { Handler, OpenHandler, WireContext } from "./call.ts";
import { createDeployments } from "./metadata/deployments.ts";
import { createMoments } from "./moments.ts";
import { type ClientApp, createClientApp } from "./oauth/client-app.ts";
import { adminSession, integrationSession } from "./oauth/sessions.ts";
import { createTokenStore } from "./oauth/token-store.ts";
import { requestObjects } from "./request-objects.ts";
import { isKnownVersion } from "./rest/describe.ts";
import { createQueryCursors } from "./rest/query-cursors.ts";
import { openRoutes, sessionRoutes } from "./routes.ts";
import { soapFault } from "./soap/envelope.ts";
import {
  methodNotAllowed,
  notFound,
  requestLimitExceeded,
  sessionExpired,
  tooLongAnswer,
  vendorErrorAnswer,
} from "./vendor-answer.ts";
import { defaultWireSettings, mergeSettings, readSettingsPatch, type WireSettings } from "./wire-settings.ts";

export interface SalesforceParts {
  readonly org: Org;
  readonly clock: EmulatorClock;
  readonly ledger: RequestLedger;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The org as the control API changes it. @throws Error with status 400 where it cannot be changed */
  configurable(): ConfigurableOrg;
  onMishap(error: unknown): void;
}

export interface SalesforceHalf extends Half {
  readonly app: ClientApp;
  /** Standing tokens: the integration user's and the admin's. */
  readonly accessToken: string;
  readonly adminAccessToken: string;
}

const isMatch = (found: Found): found is RouteMatch<Operation> => found !== undefined && "operation" in found;

/** Resources of the vendor that have the form of an external id's address (`{field}/{value}`) and are not emulated. */
const UNSERVED_BELOW_OBJECT =
  /\/sobjects\/[^/]+\/(?:describe|listviews|namedLayouts|quickActions|updated|deleted)\/[^/]/i;

const bearerOf = (incoming: Incoming): string | undefined =>
  /^(?:Bearer|OAuth)\s+(\S+)$/i.exec(incoming.headers["authorization"] ?? "")?.[1];

/** An administrator's change, now. @throws VendorError where it cannot be */
function happen(org: ConfigurableOrg, { renamePicklistValue, revokeField, automation }: Moment): void {
  if (renamePicklistValue !== undefined) org.renamePicklistValue(renamePicklistValue);
  if (revokeField !== undefined) org.revokeField(revokeField);
  if (automation !== undefined) org.automate(automation);
}

function authenticate(context: WireContext, incoming: Incoming): Session {
  const token = bearerOf(incoming);
  const session = token === undefined ? undefined : context.tokens.sessionOf(token);
  if (session === undefined) throw sessionExpired();
  return session;
}

function charge(context: WireContext) {
  if (context.usage.remaining() <= 0) throw requestLimitExceeded();
  context.usage.charge(1);
  context.ledger.meter("salesforce", 1);
}

/** Version of the path without its `v`. @throws VendorError NOT_FOUND for one the org does not have */
function versionOf(params: Readonly<Record<string, string>>): string {
  const text = params["version"];
  if (text === undefined) return "";
  const version = /^v(.+)$/i.exec(text)?.[1] ?? "";
  if (!isKnownVersion(version)) throw notFound();
  return version;
}

function mishap(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof BrokenBodyError) {
    return jsonAnswer(400, [{ message, errorCode: "BAD_REQUEST" }]);
  }
  if (error instanceof BodyTooLargeError) {
    return jsonAnswer(413, [{ message, errorCode: "REQUEST_ENTITY_TOO_LARGE" }]);
  }
  return jsonAnswer(500, [
    { message: `An unexpected error occurred: ${message}`, errorCode: "UNKNOWN_EXCEPTION" },
  ]);
}

/** What a VendorError looks like on the wire; anything else is a mistake of ours, told and answered with 500. */
async function refusalsAnswered(
  parts: SalesforceParts,
  path: string,
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VendorError) {
      return /^\/services\/Soap\//i.test(path) ? soapFault(error) : vendorErrorAnswer(error);
    }
    if (!(error instanceof BrokenBodyError)) parts.onMishap(error);
    return mishap(error);
  }
}

function createContext(parts: SalesforceParts, settings: WireSettings, others: OtherClients): WireContext {
  const { org, clock, ledger, url } = parts;
  return {
    org,
    clock,
    url,
    settings,
    ledger,
    usage: createApiUsage(clock, settings, others),
    tokens: createTokenStore(org.organizationId, clock, settings),
    cursors: createQueryCursors(clock),
    queryJobs: createQueryJobs(clock, settings),
    ingestJobs: createIngestJobs(clock, settings),
    deployments: createDeployments(org, clock, settings),
  };
}

/** The Salesforce half of the emulator: routing, sessions, metering and the vendor's errors around an {@link Org}. */
export async function createSalesforceHalf(parts: SalesforceParts): Promise<SalesforceHalf> {
  const app = await createClientApp();
  const settings: WireSettings = { ...defaultWireSettings };
  const others: OtherClients = { requestsPerMinute: 0, since: 0 };
  const context = createContext(parts, settings, others);
  const { org, ledger } = parts;
  const moments = createMoments(
    (moment) => happen(parts.configurable(), moment),
    (error) => parts.onMishap(error),
  );
  const table = createRouteTable<Operation>(salesforceOperations);
  const openHandlers = new Map<string, OpenHandler>(Object.entries(openRoutes(app)));
  const sessionHandlers = new Map<string, Handler>(Object.entries(sessionRoutes));
  const accessToken = context.tokens.issueStanding(integrationSession(org));
  const adminAccessToken = context.tokens.issueStanding(adminSession(org));

  const found = (method: string, path: string): Found =>
    UNSERVED_BELOW_OBJECT.test(path) ? undefined : table.find(method, path);

  const find = (incoming: Incoming): Found => {
    const override = incoming.method === "POST" ? incoming.query.get("_HttpMethod") : null;
    const method = incoming.method === "HEAD" ? "GET" : (override?.toUpperCase() ?? incoming.method);
    return found(method, incoming.path);
  };

  const run = async (
    match: RouteMatch<Operation>,
    incoming: Incoming,
    session: Session | undefined,
  ): Promise<Answer> => {
    const { operation, params } = match;
    const call = { incoming, params, version: versionOf(params), dispatch: dispatchAs(session) };
    const open = openHandlers.get(operation.name);
    if (open !== undefined) return open(context, call);
    const handler = sessionHandlers.get(operation.name);
    if (handler === undefined) throw new Error(`operation ${operation.name} has no handler`);
    if (session === undefined) throw sessionExpired();
    return handler(context, { ...call, session });
  };

  /** Subrequests: same user, not metered, counted apart. */
  const dispatchAs = (session: Session | undefined) => (incoming: Incoming) =>
    refusalsAnswered(parts, incoming.path, async () => {
      const match = found(incoming.method, incoming.path);
      if (!isMatch(match)) throw match === undefined ? notFound() : methodNotAllowed(incoming.method, match);
      ledger.countSubrequest("salesforce", match.operation.name);
      return run(match, incoming, session);
    });

  const handle = async (incoming: Incoming, found: Found): Promise<Answer> => {
    let isCharged = false;
    const answer = await refusalsAnswered(parts, incoming.path, async () => {
      if (!isMatch(found)) {
        // The vendor looks at the session before the path.
        if (incoming.path.startsWith("/services/data/")) authenticate(context, incoming);
        throw found === undefined ? notFound() : methodNotAllowed(incoming.method, found);
      }
      const session = found.operation.session ? authenticate(context, incoming) : undefined;
      if (found.operation.metered) {
        moments.pass();
        charge(context);
        isCharged = true;
      }
      return run(found, incoming, session);
    });
    if (!isCharged) return answer;
    return { ...answer, headers: { "Sforce-Limit-Info": context.usage.header(), ...answer.headers } };
  };

  return {
    crm: "salesforce",
    app,
    accessToken,
    adminAccessToken,
    owns: (path) => /^\/(?:services|id)(?:\/|$|\?)/.test(path),
    find,
    objects: (incoming) => requestObjects(org, incoming),
    handle,
    mishap,
    tooLong: tooLongAnswer,
    applySettings: (value) => {
      const patch = readSettingsPatch(value);
      if (patch.org !== undefined) parts.configurable().configure(readOrgSettings(patch.org));
      mergeSettings(settings, patch);
      if (patch.appRevoked === true) context.tokens.revokeAll();
      if (patch.expireSessions !== undefined) context.tokens.expire(patch.expireSessions);
    },
    settings: () => ({ ...settings, apiRequestsUsed: context.usage.used() }),
    automate: (value) => {
      const { org: changes, otherClients, moments: appointed } = readAutomation(value);
      if (Object.keys(changes).length > 0) parts.configurable().automate(changes);
      if (otherClients !== undefined) {
        others.requestsPerMinute = otherClients?.requestsPerMinute ?? 0;
        others.since = parts.clock.now().getTime();
      }
      if (appointed !== undefined) moments.set(appointed);
    },
    automation: () => ({
      ...("automation" in org ? parts.configurable().automation : {}),
      otherClients: { requestsPerMinute: others.requestsPerMinute },
      moments: moments.list(),
    }),
    clearAutomation: () => {
      if ("automation" in org) parts.configurable().clearAutomation();
      others.requestsPerMinute = 0;
      moments.set([]);
    },
    recycle: (value) => {
      const { undelete, purge } = readRecycleCommand(value);
      const target = parts.configurable();
      return {
        ...(undelete === undefined ? {} : target.undelete(undelete)),
        ...(purge === undefined ? {} : target.purge(purge)),
      };
    },
    strike: (effect, incoming) => {
      if (effect === "end_session") context.tokens.end(bearerOf(incoming) ?? "");
      else if (effect === "expire_locators") context.cursors.clear();
      else {
        settings.appRevoked = true;
        context.tokens.revokeAll();
      }
    },
    dateSkewMs: () => settings.dateSkewSeconds * SECOND_MS,
    reset: () => {
      org.reset();
      mergeSettings(settings, defaultWireSettings);
      others.requestsPerMinute = 0;
      moments.set([]);
      context.tokens.restore();
      for (const kept of [context.usage, context.cursors, context.queryJobs, context.ingestJobs])
        kept.clear();
      context.deployments.clear();
    },
    load: (object, rows) => org.load(object, rows),
    dump: (object) => org.dump(object),
    writes: () => org.writes,
  };
}
