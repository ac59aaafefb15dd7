import {
  AuthError,
  ConfigError,
  ConnectorError,
  PermissionError,
  QuotaExhaustedError,
  RateLimitedError,
  type RipelineError,
  TransientHttpError,
  WrongOrgError,
} from "../core/errors.ts";

/** What stopped the doctor, as one of its own checks. */
export interface FailedCheck {
  readonly name: string;
  readonly level: "fail";
  readonly found: string;
  readonly next: string;
}

const AGAIN = "then run `ripeline doctor` again";

/** Names the part of the way to the org that failed, by the error's class, and what to do about it. */
export function failedCheck(error: RipelineError): FailedCheck {
  const { name, next } = placeOf(error);
  return { name, level: "fail", found: error.message, next };
}

function placeOf(error: RipelineError): { readonly name: string; readonly next: string } {
  if (error instanceof ConfigError) {
    return { name: "settings of the connection", next: `mend the variables in .env, ${AGAIN}` };
  }
  if (error instanceof AuthError) {
    return {
      name: "sign-in",
      next:
        error.crm === "hubspot"
          ? `check in HubSpot, Settings, Integrations, that the key or app is still there; put its present token into HUBSPOT_ACCESS_TOKEN or run \`ripeline connect hubspot --browser\`, ${AGAIN}`
          : `check in Setup that the integration user is active and the app is approved for it, ${AGAIN}`,
    };
  }
  if (error instanceof PermissionError) {
    return {
      name: "permissions",
      next:
        error.crm === "hubspot"
          ? `let an admin add the scope that is named here to the private app or service key, ${AGAIN}`
          : `let an admin give the integration user what is named here, in a permission set, ${AGAIN}`,
    };
  }
  if (error instanceof RateLimitedError) {
    return {
      name: "API calls",
      next: `run \`ripeline doctor\` again in ${Math.ceil(error.retryAfterMs / 1000)} s`,
    };
  }
  if (error instanceof QuotaExhaustedError) {
    return {
      name: "API calls",
      next:
        error.crm === "hubspot"
          ? `find out in HubSpot, Development, Monitoring, who uses them; they come back at midnight of the account, ${AGAIN}`
          : `find out in Setup, System Overview, who uses them; calls come back within 24 hours, ${AGAIN}`,
    };
  }
  if (error instanceof TransientHttpError) {
    return {
      name: "network",
      next: `open the address from this machine (a proxy needs NODE_USE_ENV_PROXY=1 and HTTPS_PROXY), ${AGAIN}`,
    };
  }
  if (error instanceof WrongOrgError) {
    return { name: "org", next: `point RIPELINE_DATA_DIR or DATABASE_URL at a store of its own, ${AGAIN}` };
  }
  if (error instanceof ConnectorError) {
    return {
      name: "answers of the org",
      next: `check that the address is the org's own; if it is, report the line above, ${AGAIN}`,
    };
  }
  return { name: "store", next: `check the database and the space on its disk, ${AGAIN}` };
}
