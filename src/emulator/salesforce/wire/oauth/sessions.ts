import type { Org, Session } from "../../org.ts";

export const integrationSession = (org: Org): Session => ({
  userId: org.integrationUser.id,
  username: org.integrationUser.username,
  isAdmin: false,
});

export const adminSession = (org: Org): Session => ({
  userId: org.adminUser.id,
  username: org.adminUser.username,
  isAdmin: true,
});

/** The session of a username that approved the app: the integration user's or the admin's. */
export function sessionOfUsername(org: Org, username: string): Session | undefined {
  const isSame = (known: string) => known.toLowerCase() === username.toLowerCase();
  if (isSame(org.integrationUser.username)) return integrationSession(org);
  return isSame(org.adminUser.username) ? adminSession(org) : undefined;
}
