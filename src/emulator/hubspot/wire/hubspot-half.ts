import { z } from "zod";
import { SECOND_MS } from "../../../core/time.ts";
import type { Operation } from "../../operation.ts";
import { type Answer, jsonAnswer, textAnswer } from "../../server/answer.ts";
import type { EmulatorClock } from "../../server/emulator-clock.ts";
import type { Found, Half } from "../../server/half.ts";
import { BodyTooLargeError, BrokenBodyError, type Incoming } from "../../server/incoming.ts";
import type { RequestLedger } from "../../server/request-ledger.ts";
import { createRouteTable, type RouteMatch } from "../../server/route-table.ts";
import { isHubSpotPath, isServed, modernPath } from "../addresses.ts";
import { dumpRecords } from "../engine/load/dump-records.ts";
import { loadRows } from "../engine/load/load-rows.ts";
import type { Portal } from "../engine/portal.ts";
import { HubSpotRefusal } from "../engine/refusal.ts";
import { restoreRecord } from "../engine/write/save-record.ts";
import { hubspotOperations } from "../operations.ts";
import { createWebhooks } from "../webhooks/deliver.ts";
import { createJournal } from "../webhooks/journal.ts";
import { createJobs } from "./account/jobs.ts";
import { createTokenStore, type OAuthApp } from "./account/tokens.ts";
import type { Call, Handler, HubSpotContext, OpenHandler } from "./call.ts";
import { type Bucket, createRateLimits } from "./rate-limits.ts";
import { refuseStrayParameters } from "./read-body.ts";
import { openRoutes, sessionRoutes } from "./routes.ts";
import { correlationId, refusalAnswer } from "./vendor-answer.ts";
import { defaultWireSettings, mergeSettings, readSettingsPatch, type WireSettings } from "./wire-settings.ts";

export interface HubSpotParts {
  readonly portal: Portal;
  readonly clock: EmulatorClock;
  readonly ledger: RequestLedger;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  onMishap(error: unknown): void;
}

export interface HubSpotHalf extends Half {
  /** The standing token's. */
  readonly accessToken: string;
  readonly oauthApp: OAuthApp;
}

const isMatch = (found: Found): found is RouteMatch<Operation> => found !== undefined && "operation" in found;

const bearerOf = (incoming: Incoming): string | undefined =>
  /^Bearer\s+(\S+)$/i.exec(incoming.headers["authorization"] ?? "")?.[1];

function bucketOf(name: string): Bucket {
  if (name === "objects/search") return "search";
  return /^(?:record\/)?associations\b/.test(name) ? "associations" : "general";
}

const automationBody = z.strictObject({
  validationRules: z
    .array(
      z.strictObject({
        objectType: z.string(),
        property: z.string(),
        when: z.strictObject({ property: z.string(), value: z.string() }).optional(),
        message: z.string().optional(),
      }),
    )
    .optional(),
  /** Where events go, on this machine only; null for nowhere. */
  webhooks: z
    .strictObject({
      targetUrl: z
        .url({ hostname: /^(?:127\.0\.0\.1|localhost)$/ })
        .describe("loopback only: the emulator calls nobody else"),
      subscriptions: z.array(
        z.strictObject({
          eventType: z.enum([
            "object.creation",
            "object.deletion",
            "object.propertyChange",
            "object.merge",
            "object.restore",
            "object.associationChange",
          ]),
          objectType: z.string(),
          propertyName: z.string().optional(),
        }),
      ),
    })
    .nullable()
    .optional(),
});

const recycleBody = z.strictObject({
  undelete: z.strictObject({ objectType: z.string(), ids: z.array(z.string()) }).optional(),
  purge: z.strictObject({ objectType: z.string(), ids: z.array(z.string()).optional() }).optional(),
});

function recycle(portal: Portal, command: unknown): Readonly<Record<string, unknown>> {
  const { undelete, purge } = recycleBody.parse(command);
  const done: Record<string, number> = {};
  if (undelete !== undefined) {
    const type = portal.typeNamed(undelete.objectType);
    const table = portal.table(type.typeId);
    done["restored"] = undelete.ids.filter((id) =>
      restoreRecord(portal, type, table.rowOf(Number(id)), { sourceType: "CRM_UI" }),
    ).length;
  }
  if (purge !== undefined) {
    const table = portal.table(portal.typeNamed(purge.objectType).typeId);
    const rows = purge.ids?.map((id) => table.rowOf(Number(id))) ?? [...table.rowsById()];
    const gone = rows.filter((row) => row >= 0 && table.isArchived(row));
    for (const row of gone) table.remove(row);
    table.forgetUniques();
    done["purged"] = gone.length;
  }
  return done;
}

/** The HubSpot half of the emulator: routing, credentials, allowances and the vendor's errors around a {@link Portal}. */
export function createHubSpotHalf(parts: HubSpotParts): HubSpotHalf {
  const { portal, clock, ledger, url } = parts;
  const settings: WireSettings = { ...defaultWireSettings };
  const tokens = createTokenStore(portal, clock, settings);
  const limits = createRateLimits(portal, clock, settings);
  const jobs = createJobs(clock, settings);
  const journal = createJournal(portal);
  const { appId, clientSecret } = tokens.oauthApp;
  const webhooks = createWebhooks({ portal, clock, appId, clientSecret });
  const context: HubSpotContext = { portal, clock, url, settings, tokens, limits, jobs, journal };
  const table = createRouteTable<Operation>(hubspotOperations);
  const openHandlers = new Map<string, OpenHandler>(Object.entries(openRoutes));
  const sessionHandlers = new Map<string, Handler>(Object.entries(sessionRoutes));
  const now = () => clock.now().getTime();

  const find = (incoming: Incoming): Found => {
    const method = incoming.method === "HEAD" ? "GET" : incoming.method;
    const found = table.find(method, modernPath(incoming.path));
    const version = isMatch(found) ? found.params["version"] : undefined;
    if (version === undefined || !isMatch(found)) return found;
    return isServed(found.operation.name, version) ? found : undefined;
  };

  const mishap = (error: unknown): Answer => {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof BrokenBodyError) return jsonAnswer(400, { status: "error", message });
    if (error instanceof BodyTooLargeError) return jsonAnswer(413, { status: "error", message });
    return jsonAnswer(500, {
      status: "error",
      message: `internal error: ${message}`,
      category: "INTERNAL_ERROR",
    });
  };

  const guarded = async (incoming: Incoming, work: () => Answer | Promise<Answer>): Promise<Answer> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof HubSpotRefusal) return refusalAnswer(error, incoming, now());
      if (!(error instanceof BrokenBodyError)) parts.onMishap(error);
      return mishap(error);
    }
  };

  const handled = (operation: Operation, handler: Handler, call: Omit<Call, "withoutScopes">) => {
    if (call.asserts) refuseStrayParameters(operation, call.incoming);
    return handler(context, { ...call, withoutScopes: settings.withoutScopes });
  };

  const run = async (match: RouteMatch<Operation>, incoming: Incoming): Promise<Answer> => {
    const { operation, params } = match;
    const call = {
      incoming,
      params,
      version: (params["version"] ?? "").toLowerCase(),
      operation: operation.name,
      asserts: portal.settings.assertions,
    };
    const open = openHandlers.get(operation.name);
    if (open !== undefined) return guarded(incoming, () => open(context, call));
    const handler = sessionHandlers.get(operation.name);
    if (handler === undefined) throw new Error(`operation ${operation.name} has no handler`);
    const app = tokens.authenticate(bearerOf(incoming));
    const bucket = bucketOf(operation.name);
    const refused = operation.metered ? limits.charge(app, bucket) : undefined;
    if (operation.metered && refused === undefined) ledger.meter("hubspot", 1);
    const answer = refused ?? (await guarded(incoming, () => handled(operation, handler, { ...call, app })));
    // An app without the scopes is turned away before its calls are counted to it.
    const isScopeless = answer.status === 403 && answer.body.kind === "json";
    const isBareSearch = refused !== undefined && bucket === "search";
    if (!operation.metered || isScopeless || isBareSearch) return answer;
    const id = { "X-HubSpot-Correlation-Id": correlationId(now()) };
    return { ...answer, headers: { ...limits.headers(app, bucket), ...id, ...answer.headers } };
  };

  return {
    crm: "hubspot",
    accessToken: tokens.accessToken,
    oauthApp: tokens.oauthApp,
    owns: isHubSpotPath,
    find,
    objects: async (_incoming, found) => {
      if (!isMatch(found)) return [];
      const names = ["objectType", "fromObjectType", "toObjectType"].map((key) => found.params[key]);
      return names.flatMap((name) => {
        const type = name === undefined ? undefined : portal.findType(name);
        return type === undefined ? [] : [type.plural, type.singular, type.typeId];
      });
    },
    handle: (incoming, found) =>
      guarded(incoming, () => {
        if (!isMatch(found)) {
          // Credentials come before the path.
          if (!incoming.path.startsWith("/oauth/")) tokens.authenticate(bearerOf(incoming));
          throw new HubSpotRefusal(found === undefined ? "unknown_path" : "method_not_allowed");
        }
        return run(found, incoming);
      }),
    mishap,
    tooLong: (status) =>
      textAnswer(status, "text/html;charset=utf-8", `<html><body><h1>${status}</h1></body></html>\n`),
    applySettings: (value) => {
      const patch = readSettingsPatch(value);
      mergeSettings(portal.settings, settings, patch);
      if (patch.appRevoked === true) tokens.endAll();
    },
    settings: () => ({ ...portal.settings, ...settings }),
    automate: (value) => {
      const { validationRules, webhooks: wanted } = automationBody.parse(value);
      if (wanted !== undefined) webhooks.set(wanted ?? undefined);
      if (validationRules !== undefined) portal.validationRules = validationRules;
    },
    automation: () => ({ validationRules: portal.validationRules, webhooks: webhooks.state() }),
    clearAutomation: () => {
      portal.validationRules = [];
      webhooks.clear();
    },
    recycle: (value) => recycle(portal, value),
    strike: (effect, incoming) => {
      if (effect === "end_session") tokens.end(bearerOf(incoming) ?? "");
      else {
        settings.appRevoked = true;
        tokens.endAll();
      }
    },
    dateSkewMs: () => settings.dateSkewSeconds * SECOND_MS,
    reset: () => {
      portal.reset();
      Object.assign(settings, defaultWireSettings);
      tokens.clear();
      for (const kept of [limits, jobs, journal, webhooks]) kept.clear();
    },
    load: (object, rows) => loadRows(portal, object, rows),
    dump: (object) => dumpRecords(portal, object),
    writes: () => portal.writes,
  };
}
