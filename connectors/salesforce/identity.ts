import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { OrgIdentity } from "../../src/core/ports.ts";
import type { Session } from "./session.ts";

const RecordId = z.string().regex(/^(?:[a-zA-Z0-9]{15}|[a-zA-Z0-9]{18})$/);
const UserInfo = z.looseObject({
  organization_id: RecordId,
  user_id: RecordId,
  preferred_username: z.string().min(1),
});

/**
 * Who we are at this org; not metered.
 * @see https://help.salesforce.com/s/articleView?id=sf.remoteaccess_using_userinfo_endpoint.htm
 */
export async function readIdentity(session: Session): Promise<OrgIdentity> {
  const step = "The question for the connected user";
  const answer = await session.call({
    method: "GET",
    path: "/services/oauth2/userinfo",
    step,
    purpose: "read",
    effect: "repeatable",
  });
  const parsed = UserInfo.safeParse(answer.body);
  if (!parsed.success) {
    throw new WireShapeError(
      "salesforce",
      `${step}: the answer names no org, user or user name. The token needs the scope "id" or "openid".`,
    );
  }
  return {
    crm: "salesforce",
    orgId: parsed.data.organization_id,
    userId: parsed.data.user_id,
    username: parsed.data.preferred_username,
    instanceUrl: session.instanceUrl,
    apiVersion: session.version,
  };
}
