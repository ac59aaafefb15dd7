import { accountOperations } from "./operations/account.ts";
import { definitionOperations } from "./operations/definitions.ts";
import { marketingOperations } from "./operations/marketing.ts";
import { objectOperations } from "./operations/objects.ts";

/** Every operation of the emulated portal, by area; the first that fits a path answers it. */
export const hubspotOperations = [
  ...objectOperations,
  ...definitionOperations,
  ...marketingOperations,
  ...accountOperations,
] as const;

type HubSpotOperation = (typeof hubspotOperations)[number];
type NameOf<O> = O extends { readonly name: infer N extends string } ? N : never;

export type OpenName = NameOf<Extract<HubSpotOperation, { readonly session: false }>>;
export type SessionName = NameOf<Extract<HubSpotOperation, { readonly session: true }>>;
