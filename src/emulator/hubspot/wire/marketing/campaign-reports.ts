import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { CAMPAIGN, CONTACT, DEAL } from "../../engine/object-types.ts";
import type { Portal } from "../../engine/portal.ts";
import { readerOf } from "../../engine/read-property.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { instantOf } from "../../engine/values.ts";
import { type Call, type Handler, type HubSpotContext, needScope, needTier, param } from "../call.ts";
import { limitParameter } from "../read-body.ts";

const MODELS = [
  "LINEAR",
  "FIRST_INTERACTION",
  "LAST_INTERACTION",
  "FULL_PATH",
  "U_SHAPED",
  "W_SHAPED",
  "TIME_DECAY",
  "J_SHAPED",
  "INVERSE_J_SHAPED",
];

const ASSET_TYPES = [
  "AD_CAMPAIGN",
  "BLOG_POST",
  "CALL",
  "CTA",
  "EXTERNAL_WEB_URL",
  "FORM",
  "LANDING_PAGE",
  "MARKETING_EMAIL",
  "MARKETING_EVENT",
  "OBJECT_LIST",
  "SITE_PAGE",
  "SOCIAL_BROADCAST",
  "WEB_INTERACTIVE",
];

/** Which property makes a contact one of a campaign's, by what is asked. */
const CONTACTS_BY = {
  contactFirstTouch: "hs_analytics_first_touch_converting_campaign",
  contactLastTouch: "hs_analytics_last_touch_converting_campaign",
} as const;

function gate(context: HubSpotContext, call: Call, scope = "marketing.campaigns.read"): string {
  needScope(call, [scope]);
  needTier(context, ["marketing"], "PROFESSIONAL", "campaigns");
  const guid = param(call, "campaignGuid");
  if (!context.portal.campaigns.parts.has(guid)) throw new HubSpotRefusal("campaign_not_found", { id: guid });
  return guid;
}

/** Days are whole: the end day counts. */
function periodOf(call: Call): { readonly from: number; readonly until: number } {
  const day = (name: string, fallback: number) => {
    const text = call.incoming.query.get(name);
    if (text === null) return fallback;
    const instant = instantOf(text);
    if (Number.isNaN(instant))
      throw new HubSpotRefusal("invalid_parameter", { name, expected: "a day YYYY-MM-DD" });
    return instant;
  };
  return {
    from: day("startDate", 0),
    until: day("endDate", Number.MAX_SAFE_INTEGER - 86_400_000) + 86_400_000,
  };
}

/** Contacts that came through the campaign, by the property that says so; its GUID is the value. */
function contactsBy(
  portal: Portal,
  guid: string,
  property: string,
  period: { readonly from: number; readonly until: number },
) {
  const table = portal.table(CONTACT);
  const reader = readerOf(portal, portal.typeNamed(CONTACT), property);
  const ids: number[] = [];
  for (const row of table.rowsById()) {
    if (!table.isLive(row) || reader?.text(row) !== guid) continue;
    const at = table.createdAt.number(row);
    if (at >= period.from && at < period.until) ids.push(table.id(row));
  }
  return ids;
}

function contactsOf(
  portal: Portal,
  guid: string,
  kind: string,
  period: { readonly from: number; readonly until: number },
) {
  if (kind === "contactFirstTouch" || kind === "contactLastTouch") {
    return contactsBy(portal, guid, CONTACTS_BY[kind], period);
  }
  if (kind !== "influencedContacts") {
    throw new HubSpotRefusal("invalid_parameter", {
      name: "contactType",
      expected: "contactFirstTouch, contactLastTouch or influencedContacts",
    });
  }
  const linked = portal.associations.targets(
    CAMPAIGN,
    CONTACT,
    portal.campaigns.parts.get(guid)?.recordId ?? 0,
  );
  const touched = Object.values(CONTACTS_BY).flatMap((property) =>
    contactsBy(portal, guid, property, period),
  );
  return [...new Set([...touched, ...linked])].toSorted((left, right) => left - right);
}

export const campaignMetrics: Handler = (context, call) => {
  const guid = gate(context, call);
  const { portal } = context;
  const period = periodOf(call);
  const count = (kind: string) => contactsOf(portal, guid, kind, period).length;
  return jsonAnswer(200, {
    // There is no web traffic here: every first touch is one session.
    sessions: count("contactFirstTouch"),
    newContactsFirstTouch: count("contactFirstTouch"),
    newContactsLastTouch: count("contactLastTouch"),
    influencedContacts: count("influencedContacts"),
  });
};

export const campaignRevenue: Handler = (context, call) => {
  const guid = gate(context, call, "marketing.campaigns.revenue.read");
  const { portal } = context;
  const model = call.incoming.query.get("attributionModel") ?? "LINEAR";
  if (!MODELS.includes(model)) {
    throw new HubSpotRefusal("invalid_parameter", {
      name: "attributionModel",
      expected: `one of ${MODELS.join(", ")}`,
    });
  }
  const contacts = contactsOf(portal, guid, "influencedContacts", periodOf(call));
  const table = portal.table(DEAL);
  const type = portal.typeNamed(DEAL);
  const deals = [...new Set(contacts.flatMap((id) => portal.associations.targets(CONTACT, DEAL, id)))]
    .map((id) => table.rowOf(id))
    .filter((row) => table.isLive(row));
  const amount = (rows: readonly number[]) =>
    rows.reduce((total, row) => total + (readerOf(portal, type, "amount")?.number(row) || 0), 0);
  const won = deals.filter((row) => readerOf(portal, type, "hs_is_closed_won")?.text(row) === "true");
  return jsonAnswer(200, {
    contactsNumber: contacts.length,
    dealsNumber: deals.length,
    dealAmount: amount(deals),
    revenueAmount: amount(won),
    currencyCode: portal.companyCurrency,
  });
};

export const campaignContacts: Handler = (context, call) => {
  const guid = gate(context, call);
  const limit = limitParameter(call, 100, 100);
  const after = Number(call.incoming.query.get("after") ?? 0);
  const ids = contactsOf(context.portal, guid, param(call, "contactType"), periodOf(call)).filter(
    (id) => id > after,
  );
  const page = ids.slice(0, limit);
  const last = page.at(-1);
  return jsonAnswer(200, {
    results: page.map((id) => ({ id: String(id) })),
    ...(ids.length > limit && last !== undefined ? { paging: { next: { after: String(last) } } } : {}),
  });
};

function assetType(call: Call): string {
  const type = param(call, "assetType");
  if (!ASSET_TYPES.includes(type)) throw new HubSpotRefusal("asset_type_unknown", { type });
  return type;
}

export const listAssets: Handler = (context, call) => {
  const guid = gate(context, call);
  const ids = context.portal.campaigns.parts.get(guid)?.assets[assetType(call)] ?? [];
  return jsonAnswer(200, { results: ids.map((id) => ({ id, name: id })) });
};

/** Links an asset to the campaign, or takes it away. */
export const changeAsset: Handler = (context, call) => {
  const guid = gate(context, call, "marketing.campaigns.write");
  const { portal } = context;
  const type = assetType(call);
  const id = param(call, "assetId");
  const parts = portal.campaigns.parts.get(guid);
  if (parts === undefined) throw new HubSpotRefusal("campaign_not_found", { id: guid });
  const others = (parts.assets[type] ?? []).filter((one) => one !== id);
  const ids = call.incoming.method === "DELETE" ? others : [...others, id];
  portal.campaigns.parts.set(guid, { ...parts, assets: { ...parts.assets, [type]: ids } });
  portal.logWrite({ operation: call.operation, object: "campaigns", id: guid, fields: ["assets"] });
  return emptyAnswer(204);
};
