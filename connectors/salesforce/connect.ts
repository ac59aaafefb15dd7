import { z } from "zod";
import { AuthError, ConfigError, WireShapeError } from "../../src/core/errors.ts";
import type { Connection, OpenConnection, OrgIdentity } from "../../src/core/ports.ts";
import { systemClock } from "../../src/core/time.ts";
import { createHttp, httpDuring } from "../shared/http.ts";
import { createRateGovernor } from "../shared/rate-governor.ts";
import { pacingDuring, realPacing } from "../shared/retry.ts";
import { createTokenSource } from "../shared/token-source.ts";
import { createAccessReader } from "./access.ts";
import { loginOrigin, sessionSource } from "./authorize.ts";
import { createBatchSizer, MAX_BATCH } from "./batch-sizer.ts";
import { COMPOSITE_QUERIES } from "./composite.ts";
import { NEWEST_KNOWN_VERSION, type SalesforceOptions } from "./connect-options.ts";
import { deployPackage } from "./deploy.ts";
import { readFacts } from "./facts.ts";
import { readIdentity } from "./identity.ts";
import { readMovedOwners, readSize } from "./org-size.ts";
import { assignPermissionSet, findUser } from "./permission-set.ts";
import { pull } from "./pull.ts";
import { readRows } from "./read.ts";
import { countObjects, countRecords } from "./record-counts.ts";
import { removeRows } from "./remove.ts";
import { createServerClock } from "./server-clock.ts";
import { createSession, type Session, type SessionOptions } from "./session.ts";
import { readHiddenBySharing } from "./sharing.ts";
import { salesforceStreams } from "./streams.ts";
import { tokenHttp } from "./token-endpoint.ts";
import { trustedOrigin } from "./trusted-address.ts";
import { writeRows } from "./write.ts";
import { writeRowsByBulk } from "./write-bulk.ts";

/** Below this many rows REST pages, five streams a call, are cheaper than a job with its polls. */
const BULK_ABOVE_ROWS = 10_000;
const BULK_PAGE_ROWS = 50_000;
/** A Composite writes 1,000 rows a call; a job costs about eight calls whatever its size. */
const BULK_WRITE_ABOVE_ROWS = 8_000;
const CEILING_SHARE = 0.25;
/** Share of our calls that reads and writes of numbers leave to flags. */
const FLAG_RESERVE = 0.2;

/**
 * Connects to one Salesforce org. Gets a token unless one is given, and settles the API version; neither is metered.
 * @throws ConfigError for missing options and for addresses that secrets may not go to; AuthError when the org refuses us; TransientHttpError when
 *   it cannot be reached
 */
export async function connectSalesforce(options: SalesforceOptions): Promise<OpenConnection> {
  const { allowedHosts = [] } = options;
  loginOrigin(options.loginUrl, allowedHosts);
  let instanceUrl =
    options.instanceUrl === undefined
      ? undefined
      : trustedOrigin(options.instanceUrl, {
          name: "SALESFORCE_INSTANCE_URL",
          allowedHosts,
          mayBeLoopback: true,
        });
  const http = createHttp("salesforce", ...(options.http === undefined ? [] : [options.http]));
  const pacing = options.pacing ?? realPacing;
  const getSession = sessionSource(options, tokenHttp(options.http));
  const tokens = createTokenSource(async (refused) => {
    if (getSession === null) throw noWayToRenew(options);
    const session = await getSession(refused);
    instanceUrl ??= session.instanceUrl;
    options.log.debug({ host: new URL(instanceUrl).host }, "salesforce token obtained");
    return session.accessToken;
  }, options.accessToken ?? null);
  if (options.accessToken === undefined || instanceUrl === undefined) await tokens.current();
  if (instanceUrl === undefined) {
    throw new ConfigError(
      "SALESFORCE_INSTANCE_URL is missing: an access token is of use only with its instance.",
    );
  }
  if (new URL(instanceUrl).hostname.endsWith(".lightning.force.com")) {
    throw new ConfigError(
      `SALESFORCE_INSTANCE_URL: ${instanceUrl} is the address of the pages; expected the API's, which ends in .my.salesforce.com.`,
    );
  }
  const governor = createRateGovernor({
    crm: "salesforce",
    ceilingShare: options.ceilingShare ?? CEILING_SHARE,
    flagReserve: FLAG_RESERVE,
    clock: options.clock ?? systemClock,
    ...(options.ledger === undefined ? {} : { ledger: options.ledger }),
  });
  const base = { http, tokens, governor, pacing, instanceUrl, log: options.log };
  const met = options.apiVersion === undefined ? await meetOrg(base) : null;
  const version = options.apiVersion ?? met?.version ?? NEWEST_KNOWN_VERSION;
  const clock = createServerClock(async (session) => (await readVersions(session)).date, met?.date ?? null);
  const access = createAccessReader();
  const sizer = createBatchSizer();
  let identity: Promise<OrgIdentity> | null = null;
  const knowIdentity = (session: Session): Promise<OrgIdentity> => {
    identity ??= readIdentity(session).catch((error: unknown) => {
      identity = null;
      throw error;
    });
    return identity;
  };

  const over = (session: Session): Connection => ({
    crm: "salesforce",
    streams: salesforceStreams,
    identity: () => knowIdentity(session),
    serverTime: () => clock.now(session),
    access: (objects) => access.read(session, objects),
    facts: (objects) => readFacts(session, objects, options.log),
    hiddenBySharing: async (objects) =>
      readHiddenBySharing(session, (await knowIdentity(session)).userId, objects),
    pull: (requests, sink) =>
      pull(
        {
          session,
          bulkAboveRows: options.bulkAboveRows ?? BULK_ABOVE_ROWS,
          bulkPageRows: options.bulkPageRows ?? BULK_PAGE_ROWS,
        },
        requests,
        sink,
      ),
    // Bulk always saves 200 rows a transaction: smaller batches were asked for because the object cannot bear that.
    write: (request) =>
      sizer.size(request.object, request.batchSize) >= MAX_BATCH &&
      request.rows.length > (options.bulkWriteAboveRows ?? BULK_WRITE_ABOVE_ROWS)
        ? writeRowsByBulk(session, request)
        : writeRows({ session, sizer }, request),
    rowsPerCall: (object, batchSize) => COMPOSITE_QUERIES * sizer.size(object, batchSize),
    read: (request) => readRows(session, request),
    remove: (request) => removeRows(session, request),
    ownersMoved: async (since) => readMovedOwners(session, (await knowIdentity(session)).userId, since),
    size: (request) => readSize(session, request),
    count: (object) => countRecords(session, object),
    counts: (objects) => countObjects(session, objects),
    deploy: async (files, deployOptions) => {
      const report = await deployPackage(session, files, deployOptions);
      access.forget();
      return report;
    },
    findUser: (username) => findUser(session, username),
    assignPermissionSet: async (name, userId) => {
      const assignee = userId ?? (await knowIdentity(session)).userId;
      const outcome = await assignPermissionSet(session, assignee, name);
      access.forget();
      return outcome;
    },
    usage: () => governor.usage(),
    close: () => Promise.resolve(),
  });
  return {
    ...over(createSession({ ...base, version })),
    settle: () => governor.settle(),
    // Tokens are renewed over the connection's own HTTP: one renewal serves every piece of work.
    during: (signal, use) =>
      over(
        createSession({
          ...base,
          version,
          mayReadFromReserve: use === "reserve",
          http: httpDuring(http, signal),
          pacing: pacingDuring(pacing, signal),
        }),
      ),
  };
}

function noWayToRenew(options: SalesforceOptions): AuthError {
  return new AuthError(
    "salesforce",
    options.accessToken === undefined
      ? "No way to get a Salesforce token: set SALESFORCE_CLIENT_ID with SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE, or with SALESFORCE_CLIENT_SECRET, or set SALESFORCE_ACCESS_TOKEN with SALESFORCE_INSTANCE_URL."
      : "The Salesforce access token has expired or was revoked (HTTP 401), and nothing is set to renew it. Put a fresh one into SALESFORCE_ACCESS_TOKEN, or set SALESFORCE_CLIENT_ID with SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE.",
  );
}

const Versions = z.array(z.looseObject({ version: z.string().regex(/^\d+\.\d+$/) })).min(1);

async function readVersions(
  session: Session,
): Promise<{ readonly versions: readonly string[]; readonly date: Date }> {
  const step = "The question for the org's API versions";
  const answer = await session.call({
    method: "GET",
    path: "/services/data",
    step,
    purpose: "read",
    effect: "repeatable",
  });
  const parsed = Versions.safeParse(answer.body);
  if (!parsed.success) {
    throw new WireShapeError("salesforce", `${step}: the answer lists none. Check SALESFORCE_INSTANCE_URL.`);
  }
  return { versions: parsed.data.map((each) => each.version), date: answer.date };
}

/** The org's clock, and the newest version both sides know: a newer one may answer in ways this connector was not written for. */
async function meetOrg(
  options: Omit<SessionOptions, "version">,
): Promise<{ readonly version: string; readonly date: Date }> {
  const { versions, date } = await readVersions(createSession({ ...options, version: NEWEST_KNOWN_VERSION }));
  const known = versions.map(Number).filter((version) => version <= Number(NEWEST_KNOWN_VERSION));
  return { version: known.length === 0 ? NEWEST_KNOWN_VERSION : Math.max(...known).toFixed(1), date };
}
