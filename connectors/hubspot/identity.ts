import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { OrgIdentity } from "../../src/core/ports.ts";
import type { Session } from "./session.ts";

const Account = z.looseObject({
  portalId: z.union([z.int(), z.string().regex(/^\d+$/)]),
  companyCurrency: z.string().nullish(),
  additionalCurrencies: z.array(z.string()).nullish(),
  timeZone: z.string().nullish(),
  accountType: z.string().nullish(),
  uiDomain: z.string().nullish(),
});

export interface Account {
  readonly portalId: string;
  readonly hasMultipleCurrencies: boolean;
  readonly uiDomain: string;
  /** STANDARD, SANDBOX, DEVELOPER_TEST, APP_DEVELOPER; null where it is not told. */
  readonly accountType: string | null;
  /** The portal's clock at the answer. */
  readonly date: Date;
}

/** What the portal tells about itself; one call. */
export async function readAccount(session: Session): Promise<Account> {
  const step = "The question for the portal's account";
  const answer = await session.call({ request: session.requests.account(), step, bucket: "plain" });
  const parsed = Account.safeParse(answer.body);
  if (!parsed.success) {
    throw new WireShapeError("hubspot", `${step}: the answer names no portal. Check HUBSPOT_BASE_URL.`);
  }
  return {
    portalId: String(parsed.data.portalId),
    hasMultipleCurrencies: (parsed.data.additionalCurrencies ?? []).length > 0,
    accountType: parsed.data.accountType ?? null,
    uiDomain: parsed.data.uiDomain ?? "app.hubspot.com",
    date: answer.date,
  };
}

/**
 * Which portal this is. A private app's token and a service key act for no user, so both names are the portal's.
 */
export function identityOf(account: Account, apiVersion: string): OrgIdentity {
  return {
    crm: "hubspot",
    orgId: account.portalId,
    userId: account.portalId,
    username: `portal ${account.portalId}`,
    instanceUrl: `https://${account.uiDomain}`,
    apiVersion,
  };
}
