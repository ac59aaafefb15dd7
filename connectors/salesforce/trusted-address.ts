import { type AddressRules, trustedOriginOf, type VendorAddresses } from "../shared/trusted-origin.ts";

/**
 * Where Salesforce serves logins and APIs: the commercial and government clouds, the government cloud for defence (.mil)
 * and Salesforce on Alibaba Cloud (.cn). The last three were not seen answering; a missing one can be named in
 * `connections.salesforce.allowed_hosts`.
 * @see https://help.salesforce.com/s/articleView?id=xcloud.domain_name_url_formats.htm
 */
const addresses: VendorAddresses = {
  vendor: "Salesforce",
  domains: ["salesforce.com", "force.com", "salesforce.mil", "sfcrmproducts.cn", "sfcrmapps.cn"],
  example: "https://acme.my.salesforce.com",
  variable: "SALESFORCE_LOGIN_URL",
  allowedKey: "connections.salesforce.allowed_hosts",
};

/**
 * The origin that secrets of a Salesforce connection may go to.
 * @throws ConfigError as `trustedOriginOf`
 */
export function trustedOrigin(address: string, rules: AddressRules): string {
  return trustedOriginOf(addresses, address, rules);
}
