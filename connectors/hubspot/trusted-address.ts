import { trustedOriginOf, type VendorAddresses } from "../shared/trusted-origin.ts";

/**
 * Where HubSpot serves its API and its sign-in, in every region (api.hubapi.com, app.hubspot.com, app-eu1.hubspot.com). A
 * missing one can be named in `connections.hubspot.allowed_hosts`.
 * @see https://developers.hubspot.com/docs/api-reference/overview
 */
const addresses: VendorAddresses = {
  vendor: "HubSpot",
  domains: ["hubapi.com", "hubspot.com"],
  example: "https://api.hubapi.com",
  variable: "HUBSPOT_BASE_URL",
  allowedKey: "connections.hubspot.allowed_hosts",
};

/**
 * The origin that secrets of a HubSpot connection may go to.
 * @throws ConfigError as `trustedOriginOf`
 */
export function trustedOrigin(address: string, allowedHosts: readonly string[]): string {
  return trustedOriginOf(addresses, address, {
    name: "HUBSPOT_BASE_URL",
    allowedHosts,
    mayBeLoopback: true,
  });
}
