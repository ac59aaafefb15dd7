import { z } from "zod";
import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { CAMPAIGN } from "../../engine/object-types.ts";
import { readProperty } from "../../engine/read-property.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { instantText } from "../../engine/store/columns.ts";
import { checkValues } from "../../engine/write/check-values.ts";
import { archiveRecord, createRecord, updateRecord } from "../../engine/write/save-record.ts";
import { type Call, type Handler, type HubSpotContext, sourceOf } from "../call.ts";
import { batchAnswer, checkCount } from "../objects/batch-inputs.ts";
import { knownNames } from "../objects/record-body.ts";
import { limitParameter, namesParameter, propertyValues, readBody, textValues } from "../read-body.ts";
import { type Campaign, campaignNamed, campaignOf, gateCampaigns } from "./campaign-access.ts";

const MOST_INPUTS = 50;

function campaignBody(context: HubSpotContext, { guid, row }: Campaign, properties: readonly string[]) {
  const { portal } = context;
  const type = portal.typeNamed(CAMPAIGN);
  const asked = properties.length === 0 ? ["hs_name"] : properties;
  knownNames(context, type, asked);
  const values: Record<string, string> = {};
  for (const name of asked) {
    const value = readProperty(portal, type, row, name);
    if (value !== null) values[name] = value;
  }
  const table = portal.table(CAMPAIGN);
  return {
    id: guid,
    properties: values,
    businessUnits: [],
    createdAt: instantText(table.createdAt.number(row)),
    updatedAt: instantText(table.updatedAt.number(row)),
  };
}

/** `after` is base64 of the next offset, as in `Mg%3D%3D`. */
const cursorOf = (offset: number) => encodeURIComponent(Buffer.from(String(offset)).toString("base64"));
const offsetOf = (after: string | null): number => {
  if (after === null || after === "") return 0;
  const offset = Number(Buffer.from(decodeURIComponent(after), "base64").toString("utf8"));
  if (Number.isInteger(offset) && offset >= 0) return offset;
  throw new HubSpotRefusal("invalid_parameter", { name: "after", expected: "a cursor of an earlier page" });
};

export const listCampaigns: Handler = (context, call) => {
  gateCampaigns(context, call, "read");
  const { portal } = context;
  const { query } = call.incoming;
  const limit = limitParameter(call, 50, 100);
  const type = portal.typeNamed(CAMPAIGN);
  const name = query.get("name")?.toLowerCase();
  const all = [...portal.campaigns.parts.keys()]
    .flatMap((guid) => {
      try {
        return [campaignOf(context, guid)];
      } catch {
        // Archived ones are not listed.
        return [];
      }
    })
    .map((campaign) => ({
      campaign,
      name: readProperty(portal, type, campaign.row, "hs_name")?.toLowerCase() ?? "",
    }))
    .filter((one) => name === undefined || one.name.includes(name));
  const [, sign, by] = /^(-?)(hs_name|createdAt|updatedAt)$/.exec(query.get("sort") ?? "hs_name") ?? [];
  if (by === undefined) {
    throw new HubSpotRefusal("invalid_parameter", {
      name: "sort",
      expected: "hs_name, createdAt or updatedAt",
    });
  }
  const table = portal.table(CAMPAIGN);
  const stamp = (row: number) => (by === "createdAt" ? table.createdAt : table.updatedAt).number(row);
  const sorted = all.toSorted((left, right) => {
    const way = sign === "-" ? -1 : 1;
    if (by === "hs_name") return way * left.name.localeCompare(right.name, "en");
    return way * (stamp(left.campaign.row) - stamp(right.campaign.row));
  });
  const offset = offsetOf(query.get("after"));
  const page = sorted.slice(offset, offset + limit);
  const next = offset + page.length;
  const properties = namesParameter(call, "properties");
  return jsonAnswer(200, {
    total: sorted.length,
    results: page.map(({ campaign }) => campaignBody(context, campaign, properties)),
    ...(next < sorted.length ? { paging: { next: { after: cursorOf(next) } } } : {}),
  });
};

function create(context: HubSpotContext, call: Call, properties: z.infer<typeof propertyValues>): Campaign {
  const { portal } = context;
  const type = portal.typeNamed(CAMPAIGN);
  const values = checkValues(portal, type, textValues(context, properties), {
    row: undefined,
    keepsRules: false,
  });
  const row = createRecord(portal, type, values, sourceOf(call));
  const guid = portal.campaigns.guidOf.get(portal.table(CAMPAIGN).id(row)) ?? "";
  portal.logWrite({ operation: call.operation, object: "campaigns", id: guid, fields: [...values.keys()] });
  return campaignOf(context, guid);
}

function update(
  context: HubSpotContext,
  call: Call,
  campaign: Campaign,
  properties: z.infer<typeof propertyValues>,
) {
  const { portal } = context;
  const type = portal.typeNamed(CAMPAIGN);
  const values = checkValues(portal, type, textValues(context, properties), {
    row: campaign.row,
    keepsRules: false,
  });
  updateRecord(portal, type, campaign.row, values, sourceOf(call));
  portal.logWrite({
    operation: call.operation,
    object: "campaigns",
    id: campaign.guid,
    fields: [...values.keys()],
  });
}

const propertiesInput = z.object({ properties: propertyValues });

export const createCampaign: Handler = async (context, call) => {
  gateCampaigns(context, call, "write");
  const { properties } = await readBody(call, propertiesInput);
  return jsonAnswer(201, campaignBody(context, create(context, call, properties), Object.keys(properties)));
};

export const getCampaign: Handler = (context, call) => {
  gateCampaigns(context, call, "read");
  const campaign = campaignNamed(context, call);
  return jsonAnswer(200, {
    ...campaignBody(context, campaign, namesParameter(call, "properties")),
    assets: Object.fromEntries(
      Object.entries(campaign.assets).map(([type, ids]) => [
        type,
        { results: ids.map((id) => ({ id, name: id })) },
      ]),
    ),
  });
};

export const updateCampaign: Handler = async (context, call) => {
  gateCampaigns(context, call, "write");
  const campaign = campaignNamed(context, call);
  const { properties } = await readBody(call, propertiesInput);
  update(context, call, campaign, properties);
  return jsonAnswer(200, campaignBody(context, campaign, Object.keys(properties)));
};

export const deleteCampaign: Handler = (context, call) => {
  gateCampaigns(context, call, "write");
  const { guid, row } = campaignNamed(context, call);
  archiveRecord(context.portal, context.portal.typeNamed(CAMPAIGN), row, sourceOf(call));
  context.portal.logWrite({ operation: call.operation, object: "campaigns", id: guid, fields: [] });
  return emptyAnswer(204);
};

const idInputs = z.object({ inputs: z.array(z.object({ id: z.string() })) });

export const batchReadCampaigns: Handler = async (context, call) => {
  gateCampaigns(context, call, "read");
  const startedAt = context.portal.now();
  const { inputs } = await readBody(call, idInputs);
  checkCount(inputs, MOST_INPUTS);
  const errors: HubSpotRefusal[] = [];
  const results = inputs.flatMap(({ id }) => {
    try {
      return [campaignBody(context, campaignOf(context, id), namesParameter(call, "properties"))];
    } catch (error) {
      if (!(error instanceof HubSpotRefusal) || error.kind !== "campaign_not_found") throw error;
      errors.push(new HubSpotRefusal(error.kind, { id }, { context: { ids: [id] } }));
      return [];
    }
  });
  return batchAnswer(context, startedAt, results, errors);
};

export const batchCreateCampaigns: Handler = async (context, call) => {
  gateCampaigns(context, call, "write");
  const startedAt = context.portal.now();
  const { inputs } = await readBody(call, z.object({ inputs: z.array(propertiesInput) }));
  checkCount(inputs, MOST_INPUTS);
  const results = inputs.map(({ properties }) =>
    campaignBody(context, create(context, call, properties), Object.keys(properties)),
  );
  return batchAnswer(context, startedAt, results, [], 201);
};

export const batchUpdateCampaigns: Handler = async (context, call) => {
  gateCampaigns(context, call, "write");
  const startedAt = context.portal.now();
  const { inputs } = await readBody(
    call,
    z.object({ inputs: z.array(propertiesInput.extend({ id: z.string() })) }),
  );
  checkCount(inputs, MOST_INPUTS);
  const drafts = inputs.map(({ id, properties }) => ({ campaign: campaignOf(context, id), properties }));
  for (const { campaign, properties } of drafts) update(context, call, campaign, properties);
  const results = drafts.map(({ campaign, properties }) =>
    campaignBody(context, campaign, Object.keys(properties)),
  );
  return batchAnswer(context, startedAt, results, []);
};

export const batchArchiveCampaigns: Handler = async (context, call) => {
  gateCampaigns(context, call, "write");
  const { inputs } = await readBody(call, idInputs);
  checkCount(inputs, MOST_INPUTS);
  const type = context.portal.typeNamed(CAMPAIGN);
  for (const { id } of inputs) {
    archiveRecord(context.portal, type, campaignOf(context, id).row, sourceOf(call));
    context.portal.logWrite({ operation: call.operation, object: "campaigns", id, fields: [] });
  }
  return emptyAnswer(204);
};
