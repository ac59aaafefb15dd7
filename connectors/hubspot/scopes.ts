import { z } from "zod";
import { AuthError, WireShapeError } from "../../src/core/errors.ts";
import { type Http, readText } from "../shared/http.ts";

/** `read`: without one of these nothing can be measured. `write`: what `apply` and flags need. `optional`: what a tier may lack. */
type ScopeSet = "read" | "write" | "optional";

interface Scope {
  readonly name: string;
  readonly set: ScopeSet;
  /** What ripeline does with it; completes "missing: ". */
  readonly purpose: string;
  /** True where HubSpot's own list of scopes was not seen to have it: an app file with an unknown scope is refused whole. */
  readonly isUnconfirmed?: true;
}

/**
 * Every scope we ask a portal for. The app's project folder, `doctor`'s findings and the README of the folder are made
 * from this. A required scope that a portal's tier lacks blocks the whole installation, so that whatever a tier may lack
 * (leads, campaigns, custom objects) is optional.
 * @see https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes (read 2026-11-22)
 */
export const hubspotScopes: readonly Scope[] = [
  { name: "oauth", set: "read", purpose: "signing in (every app has it; keys do not list it)" },
  {
    name: "crm.objects.contacts.read",
    set: "read",
    purpose: "contacts, and calls, e-mails, meetings, tasks and messages with them",
  },
  { name: "crm.objects.companies.read", set: "read", purpose: "companies of contacts and deals" },
  { name: "crm.objects.deals.read", set: "read", purpose: "deals: pipeline and won amounts" },
  { name: "crm.objects.owners.read", set: "read", purpose: "who a record is handed to" },
  {
    name: "sales-email-read",
    set: "read",
    purpose: "direction and status of e-mails; without it touch metrics are unknown, not zero",
  },
  { name: "crm.schemas.contacts.read", set: "read", purpose: "properties of contacts" },
  { name: "crm.schemas.companies.read", set: "read", purpose: "properties of companies" },
  { name: "crm.schemas.deals.read", set: "read", purpose: "properties and pipelines of deals" },
  { name: "crm.objects.contacts.write", set: "write", purpose: "rot flags on contacts" },
  { name: "crm.objects.deals.write", set: "write", purpose: "stalled and original source on deals" },
  { name: "crm.schemas.contacts.write", set: "write", purpose: "the property group ripeline on contacts" },
  { name: "crm.schemas.deals.write", set: "write", purpose: "the property group ripeline on deals" },
  { name: "crm.lists.read", set: "write", purpose: "finding the lists of ripeline again" },
  { name: "crm.lists.write", set: "write", purpose: 'the lists "Rotting leads" and "At risk today"' },
  { name: "crm.objects.leads.read", set: "optional", purpose: "lead records (Sales Hub Professional)" },
  { name: "crm.objects.leads.write", set: "optional", purpose: "rot flags on lead records" },
  {
    name: "crm.schemas.leads.write",
    set: "optional",
    purpose: "the property group ripeline on lead records",
    isUnconfirmed: true,
  },
  {
    name: "marketing.campaigns.read",
    set: "optional",
    purpose: "campaigns with budget and spend (Marketing Hub Professional)",
  },
  { name: "marketing.campaigns.write", set: "optional", purpose: "report fields on campaigns" },
  { name: "settings.currencies.read", set: "optional", purpose: "exchange rates" },
  { name: "settings.users.teams.read", set: "optional", purpose: "teams of owners" },
  { name: "forms", set: "optional", purpose: "which form brought a contact" },
  { name: "crm.schemas.custom.read", set: "optional", purpose: "report objects (Enterprise)" },
  { name: "crm.objects.custom.read", set: "optional", purpose: "report rows (Enterprise)" },
  { name: "crm.objects.custom.write", set: "optional", purpose: "writing report rows (Enterprise)" },
];

interface MissingScope {
  readonly name: string;
  readonly purpose: string;
}

/** Scopes a token lacks, by set; `oauth` is not looked for, since keys do not list it. */
export function missingScopes(
  granted: readonly string[],
): Readonly<Record<ScopeSet, readonly MissingScope[]>> {
  // The emulated portal's way to say "every scope"; HubSpot lists them.
  const has = new Set(granted);
  const lacking = (set: ScopeSet): readonly MissingScope[] =>
    has.has("*")
      ? []
      : hubspotScopes
          .filter((scope) => scope.set === set && scope.name !== "oauth" && !has.has(scope.name))
          .map(({ name, purpose }) => ({ name, purpose }));
  return { read: lacking("read"), write: lacking("write"), optional: lacking("optional") };
}

const Granted = z.looseObject({ scopes: z.array(z.string()).optional(), active: z.boolean().optional() });

/** Where to ask, and as whom: an app names itself, a key is enough by itself. */
interface TokenQuestion {
  readonly http: Http;
  readonly baseUrl: string;
  /** Date version of the paths. */
  readonly version: string;
  readonly accessToken: string;
  readonly app?: { readonly clientId: string; readonly clientSecret: string };
}

/**
 * The scopes that a token was granted. Not metered. An app's token is introspected; a private app's token or service key
 * has an address of its own, which was seen to answer for both and is not documented for keys.
 * @throws AuthError for a token that is not valid any more; WireShapeError for an answer without scopes
 */
export async function grantedScopes(question: TokenQuestion): Promise<readonly string[]> {
  const { http, baseUrl, version, accessToken, app } = question;
  const step = "The question for the token's scopes";
  const form = app === undefined ? null : introspection(accessToken, app);
  const answer = await http.open({
    method: "POST",
    url:
      form === null
        ? `${baseUrl}/oauth/v2/private-apps/get/access-token-info`
        : `${baseUrl}/oauth/${version}/token/introspect`,
    headers: {
      Accept: "application/json",
      "Content-Type": form === null ? "application/json" : "application/x-www-form-urlencoded",
    },
    body: form ?? JSON.stringify({ tokenKey: accessToken }),
    step,
  });
  const text = await readText(answer);
  const parsed = Granted.safeParse(parseJson(text));
  if (answer.status === 401 || answer.status === 404 || (parsed.success && parsed.data.active === false)) {
    throw new AuthError(
      "hubspot",
      `${step} was refused (HTTP ${answer.status}): the token is not valid any more. Connect the portal anew.`,
    );
  }
  const scopes = parsed.success ? parsed.data.scopes : undefined;
  if (answer.status !== 200 || scopes === undefined) {
    throw new WireShapeError(
      "hubspot",
      `${step}: HTTP ${answer.status} without a list of scopes; what the token may do shows when it is used.`,
    );
  }
  return scopes;
}

function introspection(
  token: string,
  app: { readonly clientId: string; readonly clientSecret: string },
): string {
  return new URLSearchParams({
    token,
    token_type_hint: "access_token",
    client_id: app.clientId,
    client_secret: app.clientSecret,
  }).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
