import { ConfigError } from "../../src/core/errors.ts";

/** What an address is checked against. */
export interface AddressRules {
  /** For messages: `SALESFORCE_LOGIN_URL`. */
  readonly name: string;
  /** Hosts of the customer's own, `host` or `host:port`, lower case. */
  readonly allowedHosts: readonly string[];
  /** Addresses that came over the network may lead to this machine only where it was on this machine that we asked. */
  readonly mayBeLoopback: boolean;
}

/** Where a vendor serves, and the words for messages. */
export interface VendorAddresses {
  /** `Salesforce` */
  readonly vendor: string;
  /** Hosts below these are the vendor's. */
  readonly domains: readonly string[];
  readonly example: string;
  /** Variable to check where an address of the network leads to this machine. */
  readonly variable: string;
  /** Key of ripeline.yaml that names hosts of the customer's own. */
  readonly allowedKey: string;
}

/**
 * The origin that secrets of a connection may go to. Only this origin is used from here on, never the text it was read
 * from: what two parsers read differently cannot lead two ways.
 * @throws ConfigError naming the host, never user-info or path, which may hold secrets
 */
export function trustedOriginOf(vendor: VendorAddresses, address: string, rules: AddressRules): string {
  const { name } = rules;
  const { domains, example } = vendor;
  const url = URL.parse(address);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new ConfigError(`${name}: no address; expected one like ${example}.`);
  }
  const { hostname, host } = url;
  if (url.username !== "" || url.password !== "") {
    throw new ConfigError(
      `${name}: the address carries a user name before ${host}; expected one like ${example}. Nothing was sent.`,
    );
  }
  if (!/^\/*$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    throw new ConfigError(
      `${name}: the address goes on after ${host}; expected scheme and host only, like ${example}. Nothing was sent.`,
    );
  }
  if (isLoopback(hostname)) {
    if (rules.mayBeLoopback) return url.origin;
    throw new ConfigError(
      `${name}: ${host} is this machine, which no org on the network is. Nothing was sent. Check ${vendor.variable}.`,
    );
  }
  if (url.protocol === "http:") {
    throw new ConfigError(
      `${name}: http to ${host} would send secrets in the clear. Nothing was sent. Use https; plain http is for addresses of this machine.`,
    );
  }
  if (isBelow(domains, hostname) && url.port === "") return url.origin;
  if (rules.allowedHosts.includes(host)) return url.origin;
  throw new ConfigError(
    `${name}: ${host} is outside ${vendor.vendor}'s domains (${domains.map((domain) => `*.${domain}`).join(", ")}). Nothing was sent there. ` +
      `Check the address; where it is a gateway of your own, name the host in ${vendor.allowedKey} of ripeline.yaml.`,
  );
}

/** A host below a domain of the vendor's. A trailing dot names the same host by another text and is refused. */
function isBelow(domains: readonly string[], hostname: string): boolean {
  return domains.some((domain) => hostname.endsWith(`.${domain}`));
}

/** `URL` has folded every spelling of an IPv4 address by now. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
