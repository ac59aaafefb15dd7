import { FIRM_COUNT, FIRST_NAMES, type Firm, firm, LAST_NAMES } from "./names.ts";
import type { RandomStream } from "./random.ts";

/** Whom a lead is about, before any CRM has a record of them. */
export interface Somebody {
  readonly first: string;
  readonly last: string;
  readonly email: string;
  readonly firm: Firm;
}

export const COUNTRIES = [
  "Germany",
  "Germany",
  "Germany",
  "Austria",
  "Switzerland",
  "Netherlands",
  "Belgium",
  "France",
  "Sweden",
  "Poland",
] as const;

/** Somebody new, or `previous`: three in a hundred come back, and whoever is a duplicate is the same person again. */
export function drawSomebody<S extends Somebody>(
  previous: S | null,
  isDuplicate: boolean,
  random: RandomStream,
): S | Somebody {
  if (previous !== null && (isDuplicate || random.chance(0.03))) return previous;
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const where = firm(random.whole(0, FIRM_COUNT - 1));
  return { first, last, email: `${first}.${last}@${where.domain}`.toLowerCase(), firm: where };
}
