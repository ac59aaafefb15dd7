/**
 * Stored fields that the platform fills from others when a row is saved. `given` holds the lower-case names that the
 * caller set; those stay as they are (only a control load can set most of them).
 */
import { DAY_MS } from "../../../../core/time.ts";
import {
  entityOf,
  findEntity,
  isTrue,
  liveRows,
  nowSeconds,
  type OrgState,
  put,
  rawOf,
  textOf,
} from "../org-state.ts";
import type { FieldDef, ObjectDef } from "../schema/definitions.ts";
import type { Raw } from "../store/columns.ts";
import { deriveEvent, deriveTask } from "./derive-activity.ts";
import { dayOf } from "./field-history.ts";
import { defaultLabel, fill, type Saved, setupRow } from "./saved-row.ts";

type Derivation = (saved: Saved) => void;

function deriveOpportunity(saved: Saved): void {
  const { state, entity, row } = saved;
  const stages = entityOf(state, "OpportunityStage");
  const stage = setupRow(state, "OpportunityStage", textOf(entity, row, "StageName"));
  const isStageSet = saved.isNew || saved.given.has("stagename");
  if (stage >= 0 && isStageSet) {
    fill(saved, "IsClosed", isTrue(stages, stage, "IsClosed") ? 1 : 0);
    fill(saved, "IsWon", isTrue(stages, stage, "IsWon") ? 1 : 0);
    fill(saved, "ForecastCategory", rawOf(stages, stage, "ForecastCategory"));
    fill(saved, "ForecastCategoryName", rawOf(stages, stage, "ForecastCategoryName"));
    fill(saved, "Probability", rawOf(stages, stage, "DefaultProbability"));
  }
  const close = rawOf(entity, row, "CloseDate");
  if (typeof close === "number") {
    const date = new Date(close * DAY_MS);
    const quarter = Math.floor(date.getUTCMonth() / 3) + 1;
    fill(saved, "FiscalYear", date.getUTCFullYear());
    fill(saved, "FiscalQuarter", quarter);
    fill(saved, "Fiscal", `${date.getUTCFullYear()} ${quarter}`);
  }
}

/** Whether a member of this campaign in this status has responded; `Responded` where the campaign lists none. */
function isResponse(state: OrgState, campaignId: string | null, status: string | null): boolean {
  const statuses = entityOf(state, "CampaignMemberStatus");
  const field = statuses.fields.get("campaignid");
  if (campaignId !== null && status !== null && field !== undefined) {
    for (const row of statuses.table.rowsByReference(field, campaignId)) {
      if (textOf(statuses, row, "Label")?.toLowerCase() === status.toLowerCase()) {
        return isTrue(statuses, row, "HasResponded");
      }
    }
  }
  return status?.toLowerCase() === "responded";
}

function deriveMember(saved: Saved): void {
  const { state, entity, row } = saved;
  const status = textOf(entity, row, "Status");
  if (saved.isNew && status === null) fill(saved, "Status", "Sent");
  const responded = isResponse(state, textOf(entity, row, "CampaignId"), textOf(entity, row, "Status"));
  fill(saved, "HasResponded", responded ? 1 : 0);
  const isResponded = isTrue(entity, row, "HasResponded");
  if (isResponded && rawOf(entity, row, "FirstRespondedDate") === null) {
    const created = rawOf(entity, row, "CreatedDate");
    const at = saved.isNew && typeof created === "number" ? created : nowSeconds(state);
    fill(saved, "FirstRespondedDate", dayOf(at));
  }
  const type =
    textOf(entity, row, "LeadId") !== null
      ? "Lead"
      : textOf(entity, row, "ContactId") !== null
        ? "Contact"
        : "Account";
  fill(saved, "Type", type);
}

function deriveEmail(saved: Saved): void {
  if (!saved.isNew) return;
  const incoming = isTrue(saved.entity, saved.row, "Incoming");
  fill(saved, "Status", incoming ? "0" : "3");
  if (rawOf(saved.entity, saved.row, "MessageDate") === null) {
    fill(saved, "MessageDate", rawOf(saved.entity, saved.row, "CreatedDate"));
  }
}

const RELATED: Readonly<Record<string, string>> = { "00Q": "Lead", "003": "Contact", "005": "User" };

function deriveEmailRelation(saved: Saved): void {
  const id = textOf(saved.entity, saved.row, "RelationId");
  fill(saved, "RelationObjectType", id === null ? null : (RELATED[id.slice(0, 3)] ?? null));
}

function deriveCampaign(saved: Saved): void {
  if (!saved.isNew) return;
  const { state, entity, row } = saved;
  const id = entity.table.ids.text(row);
  const statuses = findEntity(state, "CampaignMemberStatus");
  if (statuses === undefined) return;
  for (const [index, label] of ["Sent", "Responded"].entries()) {
    const at = statuses.table.appendRow(statuses.table.freshId());
    put(statuses, at, "CampaignId", id);
    put(statuses, at, "Label", label);
    put(statuses, at, "SortOrder", index + 1);
    put(statuses, at, "IsDefault", index === 0 ? 1 : 0);
    put(statuses, at, "HasResponded", index === 1 ? 1 : 0);
    for (const name of [
      "CreatedDate",
      "CreatedById",
      "LastModifiedDate",
      "LastModifiedById",
      "SystemModstamp",
    ]) {
      put(statuses, at, name, rawOf(entity, row, name));
    }
  }
}

/** A status list that a load brings for a campaign replaces the two entries every campaign is born with. */
function deriveMemberStatus(saved: Saved): void {
  const { entity, row } = saved;
  const field = entity.fields.get("campaignid");
  const campaign = textOf(entity, row, "CampaignId");
  const label = textOf(entity, row, "Label")?.toLowerCase();
  if (!saved.isNew || field === undefined || campaign === null) return;
  for (const other of entity.table.rowsByReference(field, campaign)) {
    if (other !== row && textOf(entity, other, "Label")?.toLowerCase() === label) entity.table.purge(other);
  }
}

/** One calendar, one currency and one status is the default or corporate one. */
function soleFlag(name: string): Derivation {
  return ({ entity, row }) => {
    if (!isTrue(entity, row, name)) return;
    for (let other = 0; other < entity.table.rowCount; other++) {
      if (other === row || !isTrue(entity, other, name)) continue;
      put(entity, other, name, 0);
    }
  };
}

function fillStatus(object: string): Derivation {
  return (saved) => {
    if (!saved.isNew || textOf(saved.entity, saved.row, "Status") !== null) return;
    // Only a load brings a converted lead; conversion leaves a lead in a status of its own.
    const converted = isTrue(saved.entity, saved.row, "IsConverted") ? convertedLabel(saved.state) : null;
    fill(saved, "Status", converted ?? defaultLabel(saved.state, object));
  };
}

/** Label of the first status that stands for converted leads. */
function convertedLabel(state: OrgState): string | null {
  const statuses = entityOf(state, "LeadStatus");
  const row = liveRows(statuses).find((candidate) => isTrue(statuses, candidate, "IsConverted"));
  return row === undefined ? null : textOf(statuses, row, "MasterLabel");
}

function deriveSetupLabel(saved: Saved): void {
  if (textOf(saved.entity, saved.row, "ApiName") === null) {
    fill(saved, "ApiName", textOf(saved.entity, saved.row, "MasterLabel"));
  }
}

const DERIVATIONS: Readonly<Record<string, readonly Derivation[]>> = {
  Lead: [fillStatus("LeadStatus")],
  Task: [fillStatus("TaskStatus"), deriveTask],
  Event: [deriveEvent],
  Opportunity: [deriveOpportunity],
  CampaignMember: [deriveMember],
  CampaignMemberStatus: [deriveMemberStatus],
  Campaign: [deriveCampaign],
  EmailMessage: [deriveEmail],
  EmailMessageRelation: [deriveEmailRelation],
  LeadStatus: [deriveSetupLabel, soleFlag("IsDefault")],
  TaskStatus: [deriveSetupLabel, soleFlag("IsDefault")],
  OpportunityStage: [deriveSetupLabel],
  BusinessHours: [soleFlag("IsDefault")],
  CurrencyType: [soleFlag("IsCorporate")],
};

export function deriveFields(saved: Saved): void {
  for (const derive of DERIVATIONS[saved.entity.def.name] ?? []) derive(saved);
}

const presets = new WeakMap<ObjectDef, readonly FieldDef[]>();

/** Fields with a default worth storing: unset booleans read as false already. */
function presetFields(def: ObjectDef): readonly FieldDef[] {
  let fields = presets.get(def);
  if (fields === undefined) {
    fields = def.fields.filter((field) => {
      const isComputed = field.derived !== undefined || field.formula !== undefined;
      return !isComputed && field.defaultValue !== null && field.defaultValue !== false;
    });
    presets.set(def, fields);
  }
  return fields;
}

/** Values that an insert gets where the caller names none. */
export function fillDefaults(saved: Saved, userId: string): void {
  const { state, entity, row, given } = saved;
  for (const field of presetFields(entity.def)) {
    if (given.has(field.key)) continue;
    entity.table.set(row, field, presetRaw(field));
  }
  if (!given.has("ownerid")) put(entity, row, "OwnerId", userId);
  if (state.isMultiCurrency && !given.has("currencyisocode"))
    put(entity, row, "CurrencyIsoCode", corporateCurrency(state));
}

function presetRaw(field: FieldDef): Raw {
  const { defaultValue } = field;
  return typeof defaultValue === "boolean" ? (defaultValue ? 1 : 0) : defaultValue;
}

/** ISO code of the corporate currency; null in an org with one currency. */
export function corporateCurrency(state: OrgState): string | null {
  const types = findEntity(state, "CurrencyType");
  if (types === undefined) return null;
  for (let row = 0; row < types.table.rowCount; row++) {
    if (!types.table.isPurged(row) && isTrue(types, row, "IsCorporate")) return textOf(types, row, "IsoCode");
  }
  return null;
}
