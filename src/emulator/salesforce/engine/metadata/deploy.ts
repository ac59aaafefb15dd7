/** Metadata deploy: components in the order they need each other, one message each, all or nothing when asked. */
import type { CompileFormula, DeployComponent, DeployMessage, Session } from "../../org.ts";
import { fieldsRead } from "../automation/record-formula.ts";
import { addEntity, findEntity, makeEntity, type OrgState, touchMetadata } from "../org-state.ts";
import type { ObjectDef } from "../schema/definitions.ts";
import { type Content, fingerprint, listIn, textIn } from "./content.ts";
import { DeployProblem, toFieldDef } from "./custom-field.ts";
import { toObjectDef } from "./custom-object.ts";
import { deployPermissionSet, deployProfile, removePermissionSet } from "./permission-set.ts";

export interface DeployContext {
  readonly state: OrgState;
  readonly session: Session;
  readonly compileFormula: CompileFormula;
}

export interface Destruction {
  readonly type: string;
  readonly fullName: string;
}

/** Objects before fields, plain fields before formulas that read them, everything before who may see it. */
const ORDER = [
  "CustomObject",
  "CustomField",
  "FormulaField",
  "Group",
  "CustomPermission",
  "other",
  "PermissionSet",
  "Profile",
];

/** One thing to apply; fields inside an object's file become things of their own. */
interface Step {
  readonly type: string;
  readonly fullName: string;
  readonly fileName: string;
  readonly content: Content;
  readonly rank: number;
}

function rankOf(type: string, content: Content): number {
  const kind = type === "CustomField" && textIn(content, "formula") !== undefined ? "FormulaField" : type;
  const rank = ORDER.indexOf(kind);
  return rank < 0 ? ORDER.indexOf("other") : rank;
}

function toSteps(components: readonly DeployComponent[]): Step[] {
  const steps: Step[] = [];
  const seen = new Set<string>();
  const add = (type: string, fullName: string, fileName: string, content: Content) => {
    const key = `${type}:${fullName}`.toLowerCase();
    // A field may stand both in its object's file and in the manifest: it is one component.
    if (seen.has(key)) return;
    seen.add(key);
    steps.push({ type, fullName, fileName, content, rank: rankOf(type, content) });
  };
  for (const component of components) {
    const { type, fullName, fileName, content } = component;
    if (type !== "CustomObject") {
      add(type, fullName, fileName, content);
      continue;
    }
    const { fields: _fields, ...own } = content;
    add(type, fullName, fileName, own);
    for (const field of listIn(content, "fields")) {
      add("CustomField", `${fullName}.${textIn(field, "fullName") ?? ""}`, fileName, field);
    }
  }
  return steps.sort((a, b) => a.rank - b.rank);
}

/** Applies, or only checks: a checked deploy, and a failed one with rollbackOnError, leave no trace. */
export function deployComponents(
  context: DeployContext,
  components: readonly DeployComponent[],
  destructive: readonly Destruction[],
  options: { readonly checkOnly: boolean; readonly rollbackOnError: boolean },
): DeployMessage[] {
  const { state } = context;
  const undo = remember(state);
  const messages = [
    ...toSteps(components).map((step) => applyStep(context, step)),
    ...inRemovalOrder(destructive).map((target) => removeStep(state, target)),
  ];
  const hasFailed = messages.some((message) => !message.success);
  if (options.checkOnly || (hasFailed && options.rollbackOnError)) undo.takeBack();
  else {
    undo.keep();
    if (messages.some((message) => message.changed || message.created || message.deleted))
      touchMetadata(state);
  }
  return messages;
}

function remember(state: OrgState): { keep(): void; takeBack(): void } {
  const entities = new Map(state.entities);
  const grants = new Map(state.grants);
  const components = new Map(state.components);
  const { customObjectCount } = state;
  for (const entity of entities.values()) entity.table.begin();
  return {
    keep() {
      for (const entity of entities.values()) entity.table.commit();
    },
    takeBack() {
      for (const entity of entities.values()) entity.table.rollback();
      state.entities = entities;
      state.grants = grants;
      state.components = components;
      state.customObjectCount = customObjectCount;
    },
  };
}

function applyStep(context: DeployContext, step: Step): DeployMessage {
  const { state } = context;
  const key = `${step.type}:${step.fullName}`.toLowerCase();
  const known = state.components.get(key);
  const print = fingerprint(step.content);
  const base = { componentType: step.type, fullName: step.fullName, fileName: step.fileName, deleted: false };
  try {
    apply(context, step);
  } catch (error) {
    if (!(error instanceof DeployProblem)) throw error;
    return {
      ...base,
      success: false,
      created: false,
      changed: false,
      problem: error.message,
      problemType: "Error",
    };
  }
  state.components.set(key, { type: step.type, fullName: step.fullName, fingerprint: print });
  const isNew = known === undefined && !(step.type === "CustomObject" && !step.fullName.endsWith("__c"));
  const isChanged = isNew || (known !== undefined && known.fingerprint !== print);
  return { ...base, success: true, created: isNew, changed: isChanged };
}

function apply(context: DeployContext, step: Step): void {
  switch (step.type) {
    case "CustomObject":
      return applyObject(context.state, step);
    case "CustomField":
      return applyField(context, step);
    case "PermissionSet":
      return deployPermissionSet(context.state, step.fullName, step.content);
    case "Profile":
      return deployProfile(context.state, step.fullName, step.content);
    default:
      // Layouts, list views, reports and the rest are kept for comparison and do nothing here.
      return;
  }
}

function replaceDef(state: OrgState, def: ObjectDef): void {
  const known = findEntity(state, def.name);
  if (known === undefined) addEntity(state, def);
  else state.entities.set(def.name.toLowerCase(), makeEntity(def, known.table));
}

function applyObject(state: OrgState, step: Step): void {
  const known = findEntity(state, step.fullName);
  if (known !== undefined && !known.def.isCustom) return;
  if (known === undefined && !step.fullName.endsWith("__c")) {
    throw new DeployProblem(`Entity of type 'CustomObject' named '${step.fullName}' cannot be found`);
  }
  replaceDef(state, toObjectDef(state, step.fullName, step.content, known?.def));
  if (known === undefined) state.customObjectCount++;
}

function applyField(context: DeployContext, step: Step): void {
  const { state } = context;
  const [objectName, name] = step.fullName.split(".");
  const entity = findEntity(state, objectName ?? "");
  if (entity === undefined || name === undefined) {
    throw new DeployProblem(`Entity of type 'CustomObject' named '${objectName ?? ""}' cannot be found`);
  }
  const existing = entity.fields.get(name.toLowerCase());
  // Standard fields may stand in an object's file (for history tracking); they are taken as they are.
  if (existing !== undefined && !existing.isCustom) return;
  const def = toFieldDef(entity, { name, content: step.content }, context.compileFormula);
  const target = def.referenceTo[0];
  if (target !== undefined && findEntity(state, target) === undefined) {
    throw new DeployProblem(`referenceTo value of '${target}' does not resolve to a valid sObject type`);
  }
  if (existing !== undefined && existing.type !== def.type) {
    throw new DeployProblem(`Cannot update a field from a ${existing.type} to a ${def.type}`);
  }
  if (existing !== undefined && (existing.formula === undefined) !== (def.formula === undefined)) {
    throw new DeployProblem("Cannot update a field to a Formula from something else");
  }
  const others = entity.def.fields.filter((field) => field.key !== name.toLowerCase());
  replaceDef(state, { ...entity.def, fields: [...others, def] });
}

const REMOVAL_ORDER = [
  "Dashboard",
  "Report",
  "ReportType",
  "PermissionSet",
  "CustomApplication",
  "CustomTab",
  "Layout",
  "ListView",
];

function removalRank(target: Destruction): number {
  if (target.type === "CustomObject") return REMOVAL_ORDER.length + 2;
  if (target.type === "CustomField") return REMOVAL_ORDER.length + 1;
  const rank = REMOVAL_ORDER.indexOf(target.type);
  return rank < 0 ? REMOVAL_ORDER.length : rank;
}

/** Formulas go before the fields they read. */
function inRemovalOrder(targets: readonly Destruction[]): Destruction[] {
  return [...targets].sort((a, b) => removalRank(a) - removalRank(b));
}

function removeStep(state: OrgState, target: Destruction): DeployMessage {
  const key = `${target.type}:${target.fullName}`.toLowerCase();
  const base = {
    componentType: target.type,
    fullName: target.fullName,
    fileName: "destructiveChanges.xml",
    created: false,
  };
  const missing = `No ${target.type} named: ${target.fullName} found`;
  const refuse = (problem: string): DeployMessage => ({
    ...base,
    success: false,
    changed: false,
    deleted: false,
    problem,
    problemType: "Error",
  });
  const removed = (): DeployMessage => {
    state.components.delete(key);
    return { ...base, success: true, changed: true, deleted: true };
  };
  switch (target.type) {
    case "CustomObject": {
      const entity = findEntity(state, target.fullName);
      // The vendor warns about what is not there and goes on.
      if (entity === undefined) return warn(base, missing);
      if (!entity.def.isCustom) return refuse(`Cannot delete standard object ${target.fullName}`);
      const user = referencingField(state, entity.def.name);
      if (user !== undefined)
        return refuse(
          `This custom object is referenced elsewhere in salesforce.com. : Lookup field - ${user}`,
        );
      state.entities.delete(target.fullName.toLowerCase());
      return removed();
    }
    case "CustomField": {
      const [object, name] = target.fullName.split(".");
      const entity = findEntity(state, object ?? "");
      const field = entity?.fields.get((name ?? "").toLowerCase());
      if (entity === undefined || field === undefined) return warn(base, missing);
      if (!field.isCustom) return refuse(`Cannot delete standard field ${target.fullName}`);
      const user = referencingFormula(entity.def, field.name);
      if (user !== undefined) {
        return refuse(
          `This custom field is referenced elsewhere in salesforce.com. : Formula field - ${user}`,
        );
      }
      const rule = state.automation.validationRules.find(
        ({ object, formula }) =>
          object.toLowerCase() === entity.def.name.toLowerCase() &&
          fieldsRead(entity, formula).includes(field.key),
      );
      if (rule !== undefined) {
        return refuse(
          `This custom field is referenced elsewhere in salesforce.com. : Validation rule - ${rule.name}`,
        );
      }
      entity.table.dropColumn(field.name);
      replaceDef(state, { ...entity.def, fields: entity.def.fields.filter((other) => other !== field) });
      return removed();
    }
    case "PermissionSet":
      return removePermissionSet(state, target.fullName) ? removed() : warn(base, missing);
    default:
      return state.components.has(key) ? removed() : warn(base, missing);
  }
}

function warn(
  base: Pick<DeployMessage, "componentType" | "fullName" | "fileName" | "created">,
  problem: string,
): DeployMessage {
  return { ...base, success: true, changed: false, deleted: false, problem, problemType: "Warning" };
}

function referencingFormula(def: ObjectDef, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return def.fields.find((field) => field.formula?.references.some((other) => other.toLowerCase() === wanted))
    ?.name;
}

function referencingField(state: OrgState, object: string): string | undefined {
  for (const { def } of state.entities.values()) {
    if (def.name === object) continue;
    const field = def.fields.find((candidate) => candidate.referenceTo.includes(object));
    if (field !== undefined) return `${def.name}.${field.name}`;
  }
  return undefined;
}
