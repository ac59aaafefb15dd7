import { ConfigError, WireShapeError } from "../../src/core/errors.ts";
import type { Connection, OpenConnection } from "../../src/core/ports.ts";
import { type Clock, SECOND_MS, systemClock } from "../../src/core/time.ts";
import { createHttp, type Http, httpDuring } from "../shared/http.ts";
import { createRateGovernor } from "../shared/rate-governor.ts";
import { pacingDuring, realPacing } from "../shared/retry.ts";
import type { TokenSource } from "../shared/token-source.ts";
import { readAccess } from "./access.ts";
import { createApiRequests } from "./api-requests.ts";
import { tokensOf } from "./authorize.ts";
import { DEFAULT_BASE_URL, type HubspotOptions, NEWEST_KNOWN_VERSION } from "./connect-options.ts";
import { createDefinitions } from "./definitions.ts";
import { deployDefinitions } from "./deploy.ts";
import { type Account, identityOf, readAccount } from "./identity.ts";
import { batchSizeOf } from "./object-address.ts";
import { findOwner, readSize } from "./portal-size.ts";
import { pull } from "./pull.ts";
import { createGate, createRateBuckets } from "./rate-buckets.ts";
import { readRows } from "./read-records.ts";
import { countObjects, countRecords } from "./record-counts.ts";
import { removeRows } from "./remove.ts";
import { readRoom } from "./room.ts";
import { grantedScopes, missingScopes } from "./scopes.ts";
import { createSession, type Session } from "./session.ts";
import { hubspotStreams } from "./streams.ts";
import { trustedOrigin } from "./trusted-address.ts";
import { writeRows } from "./write.ts";

const CEILING_SHARE = 0.25;
/** Share of our calls that reads leave to flags. */
const FLAG_RESERVE = 0.2;
const MAX_UNDER_WAY = 4;
/** The clock of an answer that is no older than this is good enough for "now". */
const HEARD_LATELY_MS = 10 * SECOND_MS;

/**
 * Connects to one HubSpot portal; nothing is sent yet but a token request, where there is one to be made.
 * @throws ConfigError for missing options, or an address that secrets may not go to
 */
export async function connectHubspot(options: HubspotOptions): Promise<OpenConnection> {
  const baseUrl = trustedOrigin(options.baseUrl ?? DEFAULT_BASE_URL, options.allowedHosts ?? []);
  const isApp =
    options.clientId !== undefined &&
    options.clientSecret !== undefined &&
    options.refreshToken !== undefined;
  if (options.accessToken === undefined && options.grants === undefined && !isApp) {
    throw new ConfigError(
      "No way to reach HubSpot: set HUBSPOT_ACCESS_TOKEN to the token of a private app or a service key.",
    );
  }
  const http = createHttp("hubspot", ...(options.http === undefined ? [] : [options.http]));
  const clock = options.clock ?? systemClock;
  const pacing = options.pacing ?? realPacing;
  const version = options.apiVersion ?? NEWEST_KNOWN_VERSION;
  const governor = createRateGovernor({
    crm: "hubspot",
    ceilingShare: options.ceilingShare ?? CEILING_SHARE,
    flagReserve: FLAG_RESERVE,
    clock,
    ...(options.ledger === undefined ? {} : { ledger: options.ledger }),
  });
  const base = {
    http,
    tokens: tokensOf(options, { http, clock, baseUrl, version }),
    governor,
    buckets: createRateBuckets(clock),
    gate: createGate(MAX_UNDER_WAY),
    pacing,
    clock,
    baseUrl,
    requests: createApiRequests(version),
    log: options.log,
  };
  const definitions = createDefinitions();
  let account: Promise<Account> | null = null;
  const knowAccount = (session: Session): Promise<Account> => {
    account ??= readAccount(session).catch((error: unknown) => {
      account = null;
      throw error;
    });
    return account;
  };

  const over = (session: Session, heardLately: () => Date | null): Connection => {
    const portalId = async (): Promise<string> => (await knowAccount(session)).portalId;
    return {
      crm: "hubspot",
      streams: hubspotStreams,
      identity: async () => identityOf(await knowAccount(session), version),
      serverTime: async () => heardLately() ?? (await readAccount(session)).date,
      access: (objects) => readAccess(session, definitions, objects),
      facts: async () => ({
        // Histories of properties are always kept; automation is not listed by any API that a token may call.
        tracksOwnerHistory: true,
        tracksStatusHistory: true,
        hasMultipleCurrencies: (await knowAccount(session)).hasMultipleCurrencies,
        automation: [],
        storageMegabytesFree: null,
        dailyCallLimit: governor.usage().dailyLimit,
      }),
      profile: async () => ({
        accountType: (await knowAccount(session)).accountType,
        dailyLimit: governor.usage().dailyLimit,
        missingScopes: await lackingScopes(options, { http, baseUrl, version, tokens: base.tokens }),
      }),
      pull: async (requests, sink) => {
        if (session.lastHeard() === null) await readAccount(session);
        return pull({ session, definitions, now: () => nowOf(session, clock) }, requests, sink);
      },
      count: (object) => countRecords(session, object),
      counts: (objects) => countObjects(session, objects),
      write: async (request) => writeRows(session, await portalId(), request),
      rowsPerCall: (object) => batchSizeOf(object),
      read: async (request) => readRows(session, await portalId(), request),
      remove: async (request) => removeRows(session, await portalId(), request),
      // No assignment runs on an update by the API, and workflows act in their own name: our writes move no owner.
      ownersMoved: () => Promise.resolve([]),
      size: (request) => readSize(session, definitions, request),
      deploy: async (files, deployOptions) => {
        const report = await deployDefinitions(session, await portalId(), files, deployOptions);
        definitions.forget();
        return report;
      },
      room: async (objects) => readRoom(session, await portalId(), objects),
      findUser: (email) => findOwner(session, email),
      // A token's rights are its scopes.
      assignPermissionSet: () => Promise.resolve("not needed"),
      usage: () => governor.usage(),
      close: () => Promise.resolve(),
    };
  };
  await base.tokens.current();
  return {
    ...over(createSession(base), () => null),
    settle: () => governor.settle(),
    // Tokens are renewed over the connection's own HTTP: one renewal serves every piece of work.
    during: (signal, use) => {
      const session = createSession({
        ...base,
        mayReadFromReserve: use === "reserve",
        http: httpDuring(http, signal),
        pacing: pacingDuring(pacing, signal),
      });
      // Every question counts for HubSpot: within one piece of work an answer of a moment ago tells the time as well.
      return over(session, () => {
        const heard = session.lastHeard();
        return heard !== null && heard.agoMs <= HEARD_LATELY_MS ? heard.date : null;
      });
    },
  };
}

/** Null where the portal does not tell the token's scopes. */
async function lackingScopes(
  { accessToken, clientId, clientSecret }: HubspotOptions,
  at: {
    readonly http: Http;
    readonly baseUrl: string;
    readonly version: string;
    readonly tokens: TokenSource;
  },
): Promise<ReturnType<typeof missingScopes> | null> {
  const isApp = accessToken === undefined && clientId !== undefined && clientSecret !== undefined;
  try {
    const scopes = await grantedScopes({
      http: at.http,
      baseUrl: at.baseUrl,
      version: at.version,
      accessToken: await at.tokens.current(),
      ...(isApp ? { app: { clientId, clientSecret } } : {}),
    });
    return missingScopes(scopes);
  } catch (error) {
    if (error instanceof WireShapeError) return null;
    throw error;
  }
}

/** The portal's clock, moved on by ours since its last answer. */
function nowOf(session: Session, clock: Clock): Date {
  const heard = session.lastHeard();
  return heard === null ? clock.now() : new Date(heard.date.getTime() + heard.agoMs);
}
