import { DAY_MS } from "../../../core/time.ts";
import { USD_PER_EUR } from "../../salesforce/company/setup-rows.ts";
import { DEAL } from "../engine/object-types.ts";
import type { Portal } from "../engine/portal.ts";

/** Licences belong to an org; a portal's people have none. */
export const NO_LICENSES = { sales: "", integration: "" } as const;

/** The second currency of the company, worth what its people entered when the portal was opened. */
function addRate(portal: Portal, since: number): void {
  const isEuro = portal.companyCurrency === "EUR";
  const id = String(portal.nextRateId());
  portal.exchangeRates.set(id, {
    id,
    fromCurrencyCode: isEuro ? "USD" : "EUR",
    toCurrencyCode: portal.companyCurrency,
    conversionRate: isEuro ? 1 / USD_PER_EUR : USD_PER_EUR,
    effectiveAt: since,
    visibleInUI: true,
    createdAt: since,
    updatedAt: since,
  });
}

/** Deal types are a list that every company extends. */
function addRenewals(portal: Portal): void {
  const set = portal.properties(DEAL);
  const dealType = set.get("dealtype");
  const renewal = {
    label: "Renewal",
    value: "renewal",
    displayOrder: dealType.options.length,
    hidden: false,
  };
  set.put({ ...dealType, options: [...dealType.options, renewal] });
}

/** What the portal's people set up before the first lead came. @param since milliseconds, UTC */
export function setUpPortal(portal: Portal, since: number): void {
  addRate(portal, since - 30 * DAY_MS);
  addRenewals(portal);
}
