import { z } from "zod";
import { AuthError, ConnectorError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import { type Http, readText } from "../shared/http.ts";
import { redact } from "../shared/redact.ts";

const Grant = z.looseObject({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  refresh_token: z.string().min(1).optional(),
});
const Refused = z.looseObject({ error: z.string().optional(), status: z.string().optional() });

interface TokenEndpoint {
  readonly baseUrl: string;
  /** Date version of the paths. */
  readonly version: string;
}

/**
 * Asks for tokens; not metered.
 * @throws AuthError where the grant or the client is refused; TransientHttpError; WireShapeError
 * @see https://developers.hubspot.com/docs/api-reference/oauth
 */
export async function fetchGrant(
  http: Http,
  { baseUrl, version }: TokenEndpoint,
  form: Readonly<Record<string, string>>,
): Promise<z.infer<typeof Grant>> {
  const step = "The token request";
  const answer = await post(http, `${baseUrl}/oauth/${version}/token`, form, step);
  const body = parseJson(answer.text);
  if (answer.status >= 500 || answer.status === 429) {
    throw new TransientHttpError(
      "hubspot",
      `${step} failed: HubSpot answered HTTP ${answer.status}; it is tried again.`,
      answer.status,
    );
  }
  if (answer.status >= 400) {
    const refused = Refused.safeParse(body);
    const code = refused.success ? (refused.data.status ?? refused.data.error) : undefined;
    throw new AuthError(
      "hubspot",
      `${step} was refused (HTTP ${answer.status}${code === undefined ? "" : `, ${redact(code)}`}): the refresh token, the ` +
        "code or the client is not valid any more. Check HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET, and run " +
        "`ripeline connect hubspot --browser` again.",
    );
  }
  const grant = Grant.safeParse(body);
  if (!grant.success) throw new WireShapeError("hubspot", `${step}: the answer holds no token.`);
  return grant.data;
}

/** Ends a grant; a vendor that does not answer keeps it. */
export async function revokeGrant(
  http: Http,
  { baseUrl, version }: TokenEndpoint,
  grant: { readonly clientId: string; readonly clientSecret: string; readonly token: string },
): Promise<void> {
  const form = {
    token: grant.token,
    token_type_hint: "refresh_token",
    client_id: grant.clientId,
    client_secret: grant.clientSecret,
  };
  try {
    await post(http, `${baseUrl}/oauth/${version}/token/revoke`, form, "Giving the sign-in back");
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
  }
}

async function post(
  http: Http,
  url: string,
  form: Readonly<Record<string, string>>,
  step: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await http.open({
    method: "POST",
    url,
    headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" },
    body: new URLSearchParams(form).toString(),
    step,
  });
  return { status: answer.status, text: await readText(answer) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
