import { z } from "zod";
import { connectHubspot } from "../../connectors/hubspot/connect.ts";
import type { HubspotOptions } from "../../connectors/hubspot/connect-options.ts";
import { hubspotStreams } from "../../connectors/hubspot/streams.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import { sql } from "../../src/database/sql.ts";
import { createEmulatorClock } from "../../src/emulator/server/emulator-clock.ts";
import { startEmulator } from "../../src/emulator/server/start-emulator.ts";
import { createFakeOrg } from "../emulator/salesforce/wire/fake-org.ts";
import type { WritableCrm } from "./contract-crm.ts";
import { callControl, countIn, fieldWrites } from "./control.ts";

const Reply = z.looseObject({ hubspot: z.looseObject({ operations: z.record(z.string(), z.number()) }) });
const SCOPES = "oauth crm.objects.contacts.read crm.schemas.contacts.read";
const Grant = z.looseObject({ refresh_token: z.string() });

/** One property of ours in a group of ours. */
const contactPackage = [
  { path: "groups/contacts.json", content: JSON.stringify({ name: "ripeline", label: "Ripeline" }) },
  {
    path: "properties/contacts/ripeline_clock.json",
    content: JSON.stringify({
      name: "ripeline_clock",
      label: "Clock",
      description: "Open while the handoff is.",
      type: "string",
      fieldType: "text",
      groupName: "ripeline",
    }),
  },
];

/** Contacts of an emulated portal. A page has 200. */
export async function startHubspotCrm(): Promise<WritableCrm> {
  const clock = createEmulatorClock(new Date("2026-06-15T12:00:00Z"), { stopped: true });
  const emulator = await startEmulator({ port: 0, org: createFakeOrg(clock), clock });
  const { control, hubspot } = emulator.ready;
  const idOf = (n: number) => String(1_000_000 + n);
  const api = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(hubspot.baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${hubspot.accessToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  const open = (options: Partial<HubspotOptions>, waits: number[] = []) =>
    connectHubspot({
      baseUrl: hubspot.baseUrl,
      log: silentLog,
      clock,
      pacing: {
        random: () => 1,
        sleep: (ms) => {
          // The emulator's time passes instead of ours.
          waits.push(ms);
          clock.advance(ms);
          return Promise.resolve();
        },
      },
      ...options,
    });
  const renewable = async () => {
    const env = await oauthApp(hubspot.baseUrl);
    const stored: string[] = [];
    const connection = await open({
      clientId: env.clientId,
      clientSecret: hubspot.clientSecret,
      refreshToken: env.refreshToken,
      storeRefreshToken: (token) => {
        stored.push(token);
        return Promise.resolve();
      },
    });
    return { connection, stored };
  };
  /** A grant by the code flow, as an administrator gives it in a browser. */
  async function oauthApp(baseUrl: string) {
    const redirectUri = "http://localhost:1717/callback";
    const clientId = emulator.ready.hubspot.clientId;
    const query = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, scope: SCOPES });
    const page = await fetch(`${baseUrl}/oauth/authorize?${query.toString()}`, { redirect: "manual" });
    const code = new URL(page.headers.get("location") ?? "").searchParams.get("code") ?? "";
    const answer = await fetch(`${baseUrl}/oauth/2026-09/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        client_id: clientId,
        client_secret: hubspot.clientSecret,
        redirect_uri: redirectUri,
        code,
      }),
    });
    return { clientId, refreshToken: Grant.parse(await answer.json()).refresh_token };
  }
  return {
    name: "hubspot",
    streams: hubspotStreams.filter(({ name }) =>
      ["hubspot.contacts", "hubspot.contacts.archived"].includes(name),
    ),
    table: "hubspot_contact",
    sourceColumn: "hs_analytics_source",
    manyPeople: 450,
    idOf,
    sources: ["PAID_SEARCH", "REFERRALS"],
    setClock: (at) => callControl(control, "clock", { now: at, stopped: true }),
    control: (path, body) => callControl(control, path, body),
    load: (rows) =>
      callControl(
        control,
        "load/hubspot/contacts",
        rows.map(({ n, at, source }) => ({
          id: idOf(n),
          properties: source === undefined ? {} : { hs_analytics_source: source },
          createdAt: at,
          updatedAt: at,
        })),
      ),
    remove: (n) => api("DELETE", `/crm/objects/2026-09/contacts/${idOf(n)}`),
    merge: (winner, loser) =>
      api("POST", "/crm/objects/2026-09/contacts/merge", {
        primaryObjectId: idOf(winner),
        objectIdToMerge: idOf(loser),
      }),
    connect: (waits) => open({ accessToken: hubspot.accessToken }, waits),
    connectRenewable: async () => {
      const { connection } = await renewable();
      return {
        connection,
        // HubSpot asks to renew by `expires_in`, so the token's life ends.
        endToken: () => callControl(control, "clock", { advanceSeconds: 1_800 }),
        grants: () =>
          countIn(control, Reply, (reply) => reply.hubspot.operations["hubspot/oauth/token"] ?? 0),
      };
    },
    rateFaults: [
      "hubspot_ten_secondly",
      "hubspot_search_limit",
      "hubspot_search_limit_policy",
      "hubspot_cloudflare",
      "hubspot_cloudflare_untyped",
      "hubspot_locked",
      "hubspot_bad_gateway",
    ],
    merges: sql`select id as loser, survivor_id as winner from mirror.hubspot_merge`,
    isGone: sql`archived`,
    pageOperation: "objects/search",
    peopleObject: "contacts",
    keyField: "hs_object_id",
    ownField: "ripeline_clock",
    foreignField: "industry",
    writeOperation: "objects/batch/update",
    deployField: (connection) => connection.deploy(contactPackage, { checkOnly: false }),
    refuse: async (n, message) => {
      await callControl(control, "load/hubspot/contacts", [
        { id: idOf(n), properties: { lifecyclestage: "customer" } },
      ]);
      const when = { property: "lifecyclestage", value: "customer" };
      await callControl(control, "automation", {
        hubspot: { validationRules: [{ objectType: "contacts", property: "industry", when, message }] },
      });
    },
    writesOf: () => fieldWrites(control, "ripeline_clock"),
    reset: () => callControl(control, "reset", {}),
    close: () => emulator.close(),
  };
}
