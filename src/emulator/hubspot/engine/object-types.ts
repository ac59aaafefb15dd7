/** One object type as addresses, batches and error texts name it. */
export interface ObjectType {
  /** `0-1`; custom ones `2-…`. */
  readonly typeId: string;
  readonly plural: string;
  readonly singular: string;
  /** Further names that addresses take. */
  readonly aliases: readonly string[];
  /** Property that moves with every change. Contacts alone have `lastmodifieddate`. */
  readonly modifiedProperty: "lastmodifieddate" | "hs_lastmodifieddate";
  readonly createdProperty: "createdate" | "hs_createdate";
  /** Returned where the caller names no property; id and stamps come always. */
  readonly defaultProperties: readonly string[];
  /** What `query` of a search looks into. */
  readonly searchable: readonly string[];
  /** Property with the record's name. */
  readonly primaryDisplay: string;
  /** Property that holds the stage, where the type has pipelines. */
  readonly stageProperty?: "dealstage" | "hs_pipeline_stage";
  readonly pipelineProperty?: "pipeline" | "hs_pipeline";
  readonly isEngagement: boolean;
  readonly isCustom: boolean;
  /** Scopes of which one is enough, by what is done. */
  readonly scope: { readonly read: readonly string[]; readonly write: readonly string[] };
  /** Properties without which a record cannot be made. */
  readonly required: readonly string[];
}

const scopes = (object: string) => ({
  read: [`crm.objects.${object}.read`],
  write: [`crm.objects.${object}.write`],
});

const CRM = {
  aliases: [],
  modifiedProperty: "hs_lastmodifieddate",
  createdProperty: "createdate",
  isEngagement: false,
  isCustom: false,
  required: [],
} as const;

/** Engagements are read and written with the scopes of contacts; what an e-mail says needs sales-email-read besides. */
const ENGAGEMENT = {
  ...CRM,
  createdProperty: "hs_createdate",
  defaultProperties: [],
  isEngagement: true,
  scope: scopes("contacts"),
  required: ["hs_timestamp"],
} as const;

export const CONTACT = "0-1";
export const COMPANY = "0-2";
export const DEAL = "0-3";
export const LEAD = "0-136";
export const CAMPAIGN = "0-35";
export const CALL = "0-48";
export const EMAIL = "0-49";
export const MEETING = "0-47";
export const NOTE = "0-46";
export const TASK = "0-27";
export const COMMUNICATION = "0-18";

export const standardObjectTypes: readonly ObjectType[] = [
  {
    ...CRM,
    typeId: CONTACT,
    plural: "contacts",
    singular: "contact",
    modifiedProperty: "lastmodifieddate",
    defaultProperties: ["email", "firstname", "lastname"],
    searchable: ["email", "firstname", "lastname", "phone", "company", "hs_object_id"],
    primaryDisplay: "email",
    scope: scopes("contacts"),
  },
  {
    ...CRM,
    typeId: COMPANY,
    plural: "companies",
    singular: "company",
    defaultProperties: ["domain", "name"],
    searchable: ["name", "domain", "phone", "website", "hs_object_id"],
    primaryDisplay: "name",
    scope: scopes("companies"),
  },
  {
    ...CRM,
    typeId: DEAL,
    plural: "deals",
    singular: "deal",
    defaultProperties: ["amount", "closedate", "dealname", "dealstage", "pipeline"],
    searchable: ["dealname", "hs_object_id"],
    primaryDisplay: "dealname",
    stageProperty: "dealstage",
    pipelineProperty: "pipeline",
    scope: scopes("deals"),
    required: ["dealname", "dealstage"],
  },
  {
    ...CRM,
    typeId: LEAD,
    plural: "leads",
    singular: "lead",
    createdProperty: "hs_createdate",
    defaultProperties: [],
    searchable: ["hs_lead_name", "hs_object_id"],
    primaryDisplay: "hs_lead_name",
    stageProperty: "hs_pipeline_stage",
    pipelineProperty: "hs_pipeline",
    scope: scopes("leads"),
    required: ["hs_lead_name"],
  },
  {
    ...ENGAGEMENT,
    typeId: CALL,
    plural: "calls",
    singular: "call",
    searchable: ["hs_call_title", "hs_call_body"],
    primaryDisplay: "hs_call_title",
  },
  {
    ...ENGAGEMENT,
    typeId: EMAIL,
    plural: "emails",
    singular: "email",
    searchable: ["hs_email_subject"],
    primaryDisplay: "hs_email_subject",
  },
  {
    ...ENGAGEMENT,
    typeId: MEETING,
    plural: "meetings",
    singular: "meeting",
    searchable: ["hs_meeting_title", "hs_meeting_body"],
    primaryDisplay: "hs_meeting_title",
  },
  {
    ...ENGAGEMENT,
    typeId: NOTE,
    plural: "notes",
    singular: "note",
    searchable: ["hs_note_body"],
    primaryDisplay: "hs_note_body",
  },
  {
    ...ENGAGEMENT,
    typeId: TASK,
    plural: "tasks",
    singular: "task",
    searchable: ["hs_task_subject", "hs_task_body"],
    primaryDisplay: "hs_task_subject",
  },
  {
    ...ENGAGEMENT,
    typeId: COMMUNICATION,
    plural: "communications",
    singular: "communication",
    searchable: ["hs_communication_body"],
    primaryDisplay: "hs_communication_body",
  },
  {
    ...CRM,
    typeId: CAMPAIGN,
    plural: "campaigns",
    singular: "campaign",
    createdProperty: "hs_createdate",
    defaultProperties: ["hs_name"],
    searchable: ["hs_name"],
    primaryDisplay: "hs_name",
    scope: { read: ["marketing.campaigns.read"], write: ["marketing.campaigns.write"] },
    required: ["hs_name"],
  },
];

/** A custom object's type, from its schema. */
export function customObjectType(schema: {
  readonly objectTypeId: string;
  readonly name: string;
  readonly fullyQualifiedName: string;
  readonly primaryDisplayProperty: string;
  readonly searchableProperties: readonly string[];
  readonly requiredProperties: readonly string[];
}): ObjectType {
  return {
    ...CRM,
    typeId: schema.objectTypeId,
    plural: schema.fullyQualifiedName,
    singular: schema.name,
    aliases: [`p_${schema.name}`],
    createdProperty: "hs_createdate",
    defaultProperties: [],
    searchable: schema.searchableProperties,
    primaryDisplay: schema.primaryDisplayProperty,
    isCustom: true,
    scope: scopes("custom"),
    required: schema.requiredProperties,
  };
}

/** Whether an address may call the type so: any case, singular or plural, or by its id. */
export function isNamed(type: ObjectType, name: string): boolean {
  const wanted = name.toLowerCase();
  return [type.typeId, type.plural, type.singular, ...type.aliases].some(
    (one) => one.toLowerCase() === wanted,
  );
}

/** `CONTACT`, as error texts write it. */
export const upperName = (type: ObjectType): string => type.singular.toUpperCase();
