import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { z } from "zod";
import { ConfigError, type CrmName } from "../core/errors.ts";
import { parseSecretKeys, SECRET_KEY_FORM } from "../core/secret-key.ts";

/**
 * The environment, read here and nowhere else. The names are part of the command line's contract;
 * `.env.example` lists the same ones, and a test holds the two together.
 */
const text = z.string().trim().min(1).optional();
const address = (schemes: readonly string[]) =>
  z
    .string()
    .trim()
    .refine((value) => schemes.some((scheme) => value.startsWith(`${scheme}://`)) && URL.canParse(value), {
      error: `an address starting with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
    })
    .optional();

export const environmentSchema = z.object({
  SALESFORCE_LOGIN_URL: address(["https", "http"]),
  SALESFORCE_CLIENT_ID: text,
  SALESFORCE_CLIENT_SECRET: text,
  SALESFORCE_USERNAME: text,
  SALESFORCE_PRIVATE_KEY_FILE: text,
  SALESFORCE_INSTANCE_URL: address(["https", "http"]),
  SALESFORCE_ACCESS_TOKEN: text,
  HUBSPOT_ACCESS_TOKEN: text,
  HUBSPOT_BASE_URL: address(["https", "http"]),
  HUBSPOT_CLIENT_ID: text,
  HUBSPOT_CLIENT_SECRET: text,
  DATABASE_URL: address(["postgres", "postgresql"]),
  // Sentinels and clusters name several hosts, which no URL can: `jobs/queue-kit` reads the rest.
  REDIS_URL: z
    .string()
    .trim()
    .regex(/^rediss?(\+(sentinel|cluster))?:\/\/\S+$/, {
      error: "an address starting with redis://, rediss://, redis+sentinel:// or redis+cluster://",
    })
    .optional(),
  RIPELINE_DATA_DIR: z.string().trim().min(1).default(".ripeline"),
  RIPELINE_SECRET_KEY: text.refine((value) => value === undefined || parseSecretKeys(value) !== null, {
    error: SECRET_KEY_FORM,
  }),
  RIPELINE_LOG_LEVEL: z.enum(["silent", "error", "warn", "info", "debug"]).default("warn"),
});

export type Environment = z.infer<typeof environmentSchema>;

/**
 * The process's environment, checked. `.env`, if there is one, fills in what is not set. A `file` that is named rules:
 * it replaces every variable of a CRM, so that a shell with another org exported cannot be mistaken for it. An empty
 * value counts as not set.
 * @throws ConfigError naming the variable and what was expected; never its value
 */
export function readEnvironment(file?: string): Environment {
  if (file === undefined) {
    const fallback = existsSync(".env") ? parseEnv(readFileSync(".env", "utf8")) : {};
    return parseEnvironment({ ...fallback, ...withoutEmpty(process.env) });
  }
  if (!existsSync(file)) {
    throw new ConfigError(`${file}: no such file; give --env the file that \`emulator --write-env\` wrote`);
  }
  const others = Object.entries(process.env).filter(([name]) => !/^(SALESFORCE|HUBSPOT)_/.test(name));
  return parseEnvironment({ ...Object.fromEntries(others), ...parseEnv(readFileSync(file, "utf8")) });
}

function withoutEmpty(
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
}

/** @throws ConfigError as {@link readEnvironment} */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = environmentSchema.safeParse(withoutEmpty(variables));
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues
        .map(
          (issue) =>
            `${issue.path.join(".")}: ${/^[A-Z]/.test(issue.message) ? issue.message : `expected ${issue.message}`}`,
        )
        .join("\n"),
    );
  }
  const environment = parsed.data;
  if (environment.REDIS_URL !== undefined && environment.DATABASE_URL === undefined) {
    throw new ConfigError(
      "REDIS_URL is set without DATABASE_URL: a queue shared by processes needs a store shared by them. " +
        "Set DATABASE_URL to a Postgres 15 or later, or unset REDIS_URL to use the embedded queue.",
    );
  }
  return environment;
}

/** How to reach the Salesforce org, from the environment. */
export interface SalesforceAccess {
  readonly loginUrl?: string;
  readonly instanceUrl?: string;
  readonly accessToken?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly username?: string;
  /** PEM text. */
  readonly privateKey?: string;
}

/** Whether the environment itself holds a key: then a sign-in that the store holds is not used. */
export function holdsKey(e: Environment, crm: CrmName = "salesforce"): boolean {
  if (crm === "hubspot") return e.HUBSPOT_ACCESS_TOKEN !== undefined;
  return (
    e.SALESFORCE_ACCESS_TOKEN !== undefined ||
    e.SALESFORCE_USERNAME !== undefined ||
    e.SALESFORCE_PRIVATE_KEY_FILE !== undefined
  );
}

/** The app as which somebody signs in with a browser. @throws ConfigError where it is not named */
export function signInApp(e: Environment): {
  readonly loginUrl?: string;
  readonly clientId: string;
  readonly clientSecret?: string;
} {
  if (e.SALESFORCE_CLIENT_ID === undefined) {
    throw new ConfigError(
      "SALESFORCE_CLIENT_ID is missing: signing in with a browser needs the consumer key of your external client app " +
        "(README, Connect a real org).",
    );
  }
  return {
    clientId: e.SALESFORCE_CLIENT_ID,
    ...(e.SALESFORCE_LOGIN_URL === undefined ? {} : { loginUrl: e.SALESFORCE_LOGIN_URL }),
    ...(e.SALESFORCE_CLIENT_SECRET === undefined ? {} : { clientSecret: e.SALESFORCE_CLIENT_SECRET }),
  };
}

/** The app as which somebody signs in to HubSpot with a browser. @throws ConfigError where it is not named whole */
export function hubspotApp(e: Environment): {
  readonly baseUrl?: string;
  readonly clientId: string;
  readonly clientSecret: string;
} {
  if (e.HUBSPOT_CLIENT_ID === undefined || e.HUBSPOT_CLIENT_SECRET === undefined) {
    throw new ConfigError(
      "HUBSPOT_CLIENT_ID or HUBSPOT_CLIENT_SECRET is missing: signing in to HubSpot with a browser needs both, from the Auth " +
        "page of your app (connectors/hubspot/app/README.md). A service key in HUBSPOT_ACCESS_TOKEN needs neither.",
    );
  }
  return {
    clientId: e.HUBSPOT_CLIENT_ID,
    clientSecret: e.HUBSPOT_CLIENT_SECRET,
    ...(e.HUBSPOT_BASE_URL === undefined ? {} : { baseUrl: e.HUBSPOT_BASE_URL }),
  };
}

/**
 * A ready access token and a grant may be given together: the token is used until the org refuses it, then the grant
 * gets the next one. A grant that is given by half is refused, beside a token too: nothing would renew the token, and
 * nobody would know before it expires.
 * @returns null where no variable of Salesforce is set
 * @throws ConfigError where the set ones do not make a way in
 */
export function salesforceAccess(environment: Environment): SalesforceAccess | null {
  const e = environment;
  const session = readySession(e);
  const ofGrant = [
    e.SALESFORCE_CLIENT_ID,
    e.SALESFORCE_CLIENT_SECRET,
    e.SALESFORCE_USERNAME,
    e.SALESFORCE_PRIVATE_KEY_FILE,
  ];
  if (ofGrant.some((value) => value !== undefined)) return { ...grantOf(e), ...session };
  if (e.SALESFORCE_ACCESS_TOKEN !== undefined) return session;
  if (e.SALESFORCE_INSTANCE_URL !== undefined) throw incomplete("SALESFORCE_ACCESS_TOKEN is missing");
  if (e.SALESFORCE_LOGIN_URL !== undefined) throw incomplete("SALESFORCE_CLIENT_ID is missing");
  return null;
}

/** How to reach the HubSpot portal with a key of the environment. */
export interface HubspotAccess {
  /** Unchecked: the connector decides where secrets may go. */
  readonly baseUrl?: string;
  /** Of a private app or a service key. */
  readonly accessToken: string;
}

/** @returns null where the environment holds no key of HubSpot's */
export function hubspotAccess(e: Environment): HubspotAccess | null {
  if (e.HUBSPOT_ACCESS_TOKEN === undefined) return null;
  return {
    accessToken: e.HUBSPOT_ACCESS_TOKEN,
    ...(e.HUBSPOT_BASE_URL === undefined ? {} : { baseUrl: e.HUBSPOT_BASE_URL }),
  };
}

/**
 * Whether the environment means to give a way in, whole or by half. An address or a client id alone does not: `.env.example`
 * brings the one, and the other waits for a sign-in with a browser.
 */
export function namesWayIn(e: Environment, crm: CrmName): boolean {
  return holdsKey(e, crm) || (crm === "salesforce" && e.SALESFORCE_CLIENT_SECRET !== undefined);
}

function readySession(e: Environment): SalesforceAccess {
  const instanceUrl = e.SALESFORCE_INSTANCE_URL;
  const accessToken = e.SALESFORCE_ACCESS_TOKEN;
  if (accessToken !== undefined && instanceUrl === undefined) {
    throw incomplete(
      "SALESFORCE_ACCESS_TOKEN is of use only with the SALESFORCE_INSTANCE_URL that it belongs to",
    );
  }
  return {
    ...(instanceUrl === undefined ? {} : { instanceUrl }),
    ...(accessToken === undefined ? {} : { accessToken }),
  };
}

function grantOf(e: Environment): SalesforceAccess {
  if (e.SALESFORCE_CLIENT_ID === undefined) throw incomplete("SALESFORCE_CLIENT_ID is missing");
  const base = {
    loginUrl: e.SALESFORCE_LOGIN_URL ?? "https://login.salesforce.com",
    clientId: e.SALESFORCE_CLIENT_ID,
  };
  if (e.SALESFORCE_PRIVATE_KEY_FILE !== undefined) {
    if (e.SALESFORCE_USERNAME === undefined) throw incomplete("SALESFORCE_USERNAME is missing");
    return {
      ...base,
      username: e.SALESFORCE_USERNAME,
      privateKey: readKey(e.SALESFORCE_PRIVATE_KEY_FILE),
    };
  }
  if (e.SALESFORCE_CLIENT_SECRET !== undefined) return { ...base, clientSecret: e.SALESFORCE_CLIENT_SECRET };
  throw incomplete("neither SALESFORCE_PRIVATE_KEY_FILE nor SALESFORCE_CLIENT_SECRET is set");
}

function readKey(file: string): string {
  if (!existsSync(file)) {
    throw new ConfigError(
      `SALESFORCE_PRIVATE_KEY_FILE: ${file} does not exist; point it at the PEM file of the key`,
    );
  }
  return readFileSync(file, "utf8");
}

function incomplete(what: string): ConfigError {
  return new ConfigError(
    `The Salesforce connection is incomplete: ${what}. Set SALESFORCE_CLIENT_ID, SALESFORCE_USERNAME and ` +
      "SALESFORCE_PRIVATE_KEY_FILE (JWT), or SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET and " +
      "SALESFORCE_LOGIN_URL of your My Domain (client credentials), or SALESFORCE_INSTANCE_URL and " +
      "SALESFORCE_ACCESS_TOKEN; or sign in with a browser: `ripeline connect salesforce --browser`.",
  );
}
