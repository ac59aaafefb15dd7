/** Every object an org has before anything is deployed. */
import {
  EMAIL_MESSAGE,
  EMAIL_MESSAGE_RELATION,
  EVENT,
  EVENT_RELATION,
  TASK,
  TASK_RELATION,
} from "./activities.ts";
import { CAMPAIGN, CAMPAIGN_MEMBER, CAMPAIGN_MEMBER_STATUS } from "./campaigns.ts";
import type { ObjectDef } from "./definitions.ts";
import {
  OPPORTUNITY,
  OPPORTUNITY_CONTACT_ROLE,
  OPPORTUNITY_FIELD_HISTORY,
  OPPORTUNITY_HISTORY,
} from "./opportunities.ts";
import { ACCOUNT, CONTACT, LEAD, LEAD_HISTORY } from "./people.ts";
import { SETUP_OBJECTS } from "./setup.ts";
import { TOOLING_OBJECTS } from "./tooling.ts";

const ALL: readonly ObjectDef[] = [
  ACCOUNT,
  CONTACT,
  LEAD,
  LEAD_HISTORY,
  OPPORTUNITY,
  OPPORTUNITY_CONTACT_ROLE,
  OPPORTUNITY_HISTORY,
  OPPORTUNITY_FIELD_HISTORY,
  CAMPAIGN,
  CAMPAIGN_MEMBER,
  CAMPAIGN_MEMBER_STATUS,
  TASK,
  EVENT,
  EMAIL_MESSAGE,
  EMAIL_MESSAGE_RELATION,
  TASK_RELATION,
  EVENT_RELATION,
  ...SETUP_OBJECTS,
  ...TOOLING_OBJECTS,
];

/** Objects and fields about currencies exist only in an org that has more than one. */
export function standardObjects(options: { readonly isMultiCurrency: boolean }): readonly ObjectDef[] {
  if (options.isMultiCurrency) return ALL;
  return ALL.filter((object) => !object.isMultiCurrencyOnly).map((object) => ({
    ...object,
    fields: object.fields.filter((field) => !field.isMultiCurrencyOnly),
  }));
}
