import { type QueryResult, VendorError } from "../../org.ts";

const refused = (message: string) => new VendorError(400, "FUNCTIONALITY_NOT_ENABLED", message);

/** Compound fields of the standard objects; their parts are queried instead. */
const COMPOUND =
  /(?:^|\.)(?:Address|BillingAddress|ShippingAddress|MailingAddress|OtherAddress|\w+__(?:c_)?Location)$/i;

const withoutLiterals = (soql: string) => soql.replace(/'(?:\\.|[^'\\])*'/g, "''");

/**
 * Refuses what Bulk API 2.0 does not run. That it refuses these is documented; the words for subqueries and compound
 * fields are from user reports, the others are formed after them.
 * @throws VendorError FUNCTIONALITY_NOT_ENABLED
 */
export function refuseUnsupported(soql: string): void {
  const text = withoutLiterals(soql);
  if (/(?<!\bin\s*)\(\s*select\b/i.test(text)) {
    throw refused("Aggregate Relationships not supported in Bulk V2 Query with CSV content type");
  }
  if (/\bgroup\s+by\b/i.test(text)) throw refused("GROUP BY not supported in Bulk V2 Query");
  if (/\b(?:count|count_distinct|sum|avg|min|max)\s*\(/i.test(text)) {
    throw refused("Aggregate functions not supported in Bulk V2 Query");
  }
  if (/\boffset\s+\d/i.test(text)) throw refused("OFFSET not supported in Bulk V2 Query");
  if (/\btypeof\s+\w/i.test(text)) throw refused("TYPEOF not supported in Bulk V2 Query");
}

/** @throws VendorError FUNCTIONALITY_NOT_ENABLED */
export function refuseCompoundColumns(result: QueryResult): void {
  if (result.columns.some((column) => COMPOUND.test(column))) {
    throw refused("Selecting compound data not supported in Bulk Query");
  }
}
