import { ConfigError } from "../../src/core/errors.ts";

/**
 * Where Salesforce serves logins and APIs: the commercial and government clouds, the government cloud for defence (.mil)
 * and Salesforce on Alibaba Cloud (.cn). The last three were not seen answering; a missing one can be named in
 * `connections.salesforce.allowed_hosts`.
 * @see https://help.salesforce.com/s/articleView?id=xcloud.domain_name_url_formats.htm
 */
const VENDOR_DOMAINS = [
  "salesforce.com",
  "force.com",
  "salesforce.mil",
  "sfcrmproducts.cn",
  "sfcrmapps.cn",
] as const;

/** What an address is checked against. */
export interface AddressRules {
  /** For messages: `SALESFORCE_LOGIN_URL`. */
  readonly name: string;
  /** Hosts of the customer's own, `host` or `host:port`, lower case. */
  readonly allowedHosts: readonly string[];
  /** Addresses that came over the network may lead to this machine only where it was on this machine that we asked. */
  readonly mayBeLoopback: boolean;
}

/**
 * The origin that secrets of a Salesforce connection may go to. Only this origin is used from here on, never the text it
 * was read from: what two parsers read differently cannot lead two ways.
 * @throws ConfigError naming the host, never user-info or path, which may hold secrets
 */
export function trustedOrigin(address: string, rules: AddressRules): string {
  const { name } = rules;
  const url = URL.parse(address);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new ConfigError(`${name}: no address; expected one like https://acme.my.salesforce.com.`);
  }
  const { hostname, host } = url;
  if (url.username !== "" || url.password !== "") {
    throw new ConfigError(
      `${name}: the address carries a user name before ${host}; expected one like https://acme.my.salesforce.com. Nothing was sent.`,
    );
  }
  if (!/^\/*$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    throw new ConfigError(
      `${name}: the address goes on after ${host}; expected scheme and host only, like https://acme.my.salesforce.com. Nothing was sent.`,
    );
  }
  if (isLoopback(hostname)) {
    if (rules.mayBeLoopback) return url.origin;
    throw new ConfigError(
      `${name}: ${host} is this machine, which no org on the network is. Nothing was sent. Check SALESFORCE_LOGIN_URL.`,
    );
  }
  if (url.protocol === "http:") {
    throw new ConfigError(
      `${name}: http to ${host} would send secrets in the clear. Nothing was sent. Use https; plain http is for addresses of this machine.`,
    );
  }
  if (isVendors(hostname) && url.port === "") return url.origin;
  if (rules.allowedHosts.includes(host)) return url.origin;
  throw new ConfigError(
    `${name}: ${host} is outside Salesforce's domains (${VENDOR_DOMAINS.map((domain) => `*.${domain}`).join(", ")}). Nothing was sent there. ` +
      "Check the address; where it is a gateway of your own, name the host in connections.salesforce.allowed_hosts of ripeline.yaml.",
  );
}

/** A host below a domain of the vendor's. A trailing dot names the same host by another text and is refused. */
function isVendors(hostname: string): boolean {
  return VENDOR_DOMAINS.some((domain) => hostname.endsWith(`.${domain}`));
}

/** `URL` has folded every spelling of an IPv4 address by now. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
