import {
  AMOUNT,
  COUNT,
  computed,
  DATETIME,
  DECIMAL,
  riding,
  stored,
  type TargetField,
  type TargetObject,
  text,
} from "./target.ts";

/** The campaign's lifetime, in-period numbers; written nightly. Money is in the workspace's currency, named beside it. */
export function campaignTarget(help: (metric: string) => string): TargetObject {
  const of = (metric: string, name: string, label: string, type: TargetField["type"]): TargetField =>
    stored({ name, label, help: help(metric) }, type, metric);
  return {
    crm: "salesforce",
    rows: "campaign",
    object: "Campaign",
    isOurs: false,
    label: "Campaign",
    pluralLabel: "Campaigns",
    description: "",
    nameFormat: null,
    keyField: "Id",
    class: "campaign_fields",
    standardFields: [],
    listViews: [],
    fields: [
      of("investment", "Ripeline_Investment__c", "Investment", AMOUNT),
      of("investment_basis", "Ripeline_Investment_Basis__c", "Investment Basis", text(40)),
      of("inquiries", "Ripeline_Inquiries__c", "Inquiries", COUNT),
      of("leads", "Ripeline_Leads__c", "Leads", COUNT),
      of("cost_per_lead", "Ripeline_Cost_Per_Lead__c", "Cost per Lead", AMOUNT),
      of("pipeline", "Ripeline_Pipeline__c", "Pipeline", AMOUNT),
      of("pipeline_per_dollar", "Ripeline_Pipeline_Per_Dollar__c", "Pipeline per Dollar", DECIMAL),
      of("won", "Ripeline_Won__c", "Won Opportunities", COUNT),
      of("won_amount", "Ripeline_Won_Amount__c", "Won Amount", AMOUNT),
      computed(
        {
          name: "Ripeline_Return__c",
          label: "Return",
          help: "(won amount - investment) / investment. Blank without investment or won amount.",
        },
        "percent",
        1,
        "IF(OR(ISBLANK(Ripeline_Investment__c), ISBLANK(Ripeline_Won_Amount__c)), NULL, " +
          "IF(Ripeline_Investment__c = 0, NULL, (Ripeline_Won_Amount__c - Ripeline_Investment__c) / Ripeline_Investment__c))",
      ),
      of("trap", "Ripeline_Trap__c", "Cost-per-Lead Trap", text(40)),
      stored(
        {
          name: "Ripeline_Currency__c",
          label: "Ripeline Currency",
          help: "Currency of ripeline's money on this campaign: the workspace's, whatever the campaign's own is.",
        },
        text(3),
        "currency_code",
      ),
      stored(
        {
          name: "Ripeline_Reasons__c",
          label: "Ripeline Reasons",
          help: "Why a number is blank, or a caution beside one.",
        },
        text(255),
        "reasons",
      ),
      riding(
        {
          name: "Ripeline_Data_As_Of__c",
          label: "Ripeline Data As Of",
          help: "The data of the last change of these numbers. How fresh ripeline is stands on its status record.",
        },
        DATETIME,
        "data_as_of",
      ),
    ],
  };
}
