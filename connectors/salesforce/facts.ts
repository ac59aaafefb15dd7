import { z } from "zod";
import { PermissionError, RequestRefusedError, WireShapeError } from "../../src/core/errors.ts";
import type { AutomationFound, OrgFacts } from "../../src/core/ports.ts";
import type { ConnectorLog } from "../shared/connector-log.ts";
import { sendComposite } from "./composite.ts";
import { readQueryAnswer } from "./record-page.ts";
import type { Session } from "./session.ts";
import { textLiteral } from "./soql.ts";
import { vendorProblem } from "./vendor-error.ts";

type Records = readonly Readonly<Record<string, unknown>>[];

interface AutomationQuery {
  readonly kind: AutomationFound["kind"];
  /** `data`: an object of the org's own API; `tooling`: only the Tooling API has it. */
  readonly api: "data" | "tooling";
  readonly soql: (objects: string) => string;
  /** Paths of the automation's name and of the object it runs on. */
  readonly name: string;
  readonly object: string;
}

/**
 * Where the org lists what runs when a record is saved. Workflow rules have no column that tells active ones, so that
 * all are taken; triggers and workflow rules on custom objects name them by id and are not found.
 * @see https://developer.salesforce.com/docs/atlas.en-us.api_tooling.meta/api_tooling/reference_objects_list.htm
 */
const automationQueries: readonly AutomationQuery[] = [
  {
    kind: "ApexTrigger",
    api: "data",
    soql: (objects) =>
      `SELECT Name, TableEnumOrId FROM ApexTrigger WHERE Status = 'Active' AND TableEnumOrId IN (${objects})`,
    name: "Name",
    object: "TableEnumOrId",
  },
  {
    kind: "Flow",
    api: "data",
    soql: (objects) =>
      `SELECT ApiName, TriggerObjectOrEvent.QualifiedApiName FROM FlowDefinitionView WHERE IsActive = true AND TriggerObjectOrEvent.QualifiedApiName IN (${objects})`,
    name: "ApiName",
    object: "TriggerObjectOrEvent.QualifiedApiName",
  },
  {
    kind: "DuplicateRule",
    api: "data",
    soql: (objects) =>
      `SELECT DeveloperName, SobjectType FROM DuplicateRule WHERE IsActive = true AND SobjectType IN (${objects})`,
    name: "DeveloperName",
    object: "SobjectType",
  },
  {
    kind: "AssignmentRule",
    api: "data",
    soql: (objects) =>
      `SELECT Name, SobjectType FROM AssignmentRule WHERE Active = true AND SobjectType IN (${objects})`,
    name: "Name",
    object: "SobjectType",
  },
  {
    kind: "ValidationRule",
    api: "tooling",
    soql: (objects) =>
      `SELECT ValidationName, EntityDefinition.QualifiedApiName FROM ValidationRule WHERE Active = true AND EntityDefinition.QualifiedApiName IN (${objects})`,
    name: "ValidationName",
    object: "EntityDefinition.QualifiedApiName",
  },
  {
    kind: "WorkflowRule",
    api: "tooling",
    soql: (objects) => `SELECT Name, TableEnumOrId FROM WorkflowRule WHERE TableEnumOrId IN (${objects})`,
    name: "Name",
    object: "TableEnumOrId",
  },
];

const historyQuery =
  "SELECT QualifiedApiName, IsFieldHistoryTracked FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Lead' AND QualifiedApiName IN ('OwnerId', 'Status')";
const currencyQuery = "SELECT Id FROM CurrencyType LIMIT 1";

const Limits = z.looseObject({
  DataStorageMB: z.looseObject({ Remaining: z.number() }).optional(),
  DailyApiRequests: z.looseObject({ Max: z.number() }).optional(),
});

/**
 * What the org tells about itself: automation, field history, currencies, free storage, calls a day. Five metered calls; meant to be
 * asked hourly. What the user may not see counts as the careful answer: automation of an unknown name is reported, so
 * that writes start in small batches, and history counts as not tracked.
 */
export async function readFacts(
  session: Session,
  objects: readonly string[],
  log: ConnectorLog,
): Promise<OrgFacts> {
  const list = (objects.length === 0 ? ["Lead"] : objects).map(textLiteral).join(", ");
  const inData = automationQueries.filter((query) => query.api === "data");
  const inTooling = automationQueries.filter((query) => query.api === "tooling");
  const [currencies, ...fromData] = await queryTogether(session, [
    currencyQuery,
    ...inData.map((query) => query.soql(list)),
  ]);
  const automation: AutomationFound[] = [];
  const collect = (query: AutomationQuery, found: Records | Refused): void => {
    if (isRefused(found)) {
      log.warn({ kind: query.kind, code: found.refused }, "the org does not show this kind of automation");
      automation.push(
        ...objects.map((object) => ({ object, kind: query.kind, name: `unknown (${found.refused})` })),
      );
      return;
    }
    for (const record of found) {
      const name = at(record, query.name);
      const object = at(record, query.object);
      if (typeof name === "string" && typeof object === "string")
        automation.push({ object, kind: query.kind, name });
    }
  };
  for (const [index, query] of inData.entries()) collect(query, fromData[index] ?? { refused: "NO_ANSWER" });
  for (const query of inTooling) collect(query, await queryTooling(session, query.soql(list)));
  const history = await queryTooling(session, historyQuery);
  const tracks = (field: string): boolean =>
    !isRefused(history) &&
    history.some(
      (record) => record["QualifiedApiName"] === field && record["IsFieldHistoryTracked"] === true,
    );
  return {
    tracksOwnerHistory: tracks("OwnerId"),
    tracksStatusHistory: tracks("Status"),
    hasMultipleCurrencies: currencies !== undefined && !isRefused(currencies) && currencies.length > 0,
    automation,
    ...(await readLimits(session)),
  };
}

interface Refused {
  readonly refused: string;
}

function isRefused(found: Records | Refused): found is Refused {
  return "refused" in found;
}

async function queryTogether(
  session: Session,
  queries: readonly string[],
): Promise<readonly (Records | Refused)[]> {
  const step = "The query on the org's automation";
  const answer = await sendComposite(
    session,
    queries.map((soql) => ({
      method: "GET",
      url: `/services/data/v${session.version}/query?q=${encodeURIComponent(soql)}`,
    })),
    { step, purpose: "read" },
  );
  if (answer.spent !== null) throw answer.spent;
  return answer.parts.map((part) =>
    part.status >= 300
      ? { refused: vendorProblem(part.body)?.code ?? `HTTP_${part.status}` }
      : readQueryAnswer(part.body, step).records,
  );
}

async function queryTooling(session: Session, soql: string): Promise<Records | Refused> {
  const step = "The Tooling query on the org's automation";
  try {
    const answer = await session.call({
      method: "GET",
      path: `/tooling/query?q=${encodeURIComponent(soql)}`,
      step,
      purpose: "read",
      effect: "repeatable",
    });
    return readQueryAnswer(answer.body, step).records;
  } catch (error) {
    if (error instanceof RequestRefusedError) return { refused: error.vendorCode };
    if (error instanceof PermissionError) return { refused: error.code };
    throw error;
  }
}

/** Needs the right "View Setup and Configuration"; without it the figures are unknown. */
async function readLimits(
  session: Session,
): Promise<Pick<OrgFacts, "storageMegabytesFree" | "dailyCallLimit">> {
  try {
    const answer = await session.call({
      method: "GET",
      path: "/limits",
      step: "The question for the org's limits",
      purpose: "read",
      effect: "repeatable",
    });
    const parsed = Limits.safeParse(answer.body);
    if (!parsed.success)
      throw new WireShapeError("salesforce", "The answer on the org's limits cannot be read.");
    return {
      storageMegabytesFree: parsed.data.DataStorageMB?.Remaining ?? null,
      dailyCallLimit: parsed.data.DailyApiRequests?.Max ?? null,
    };
  } catch (error) {
    if (error instanceof RequestRefusedError || error instanceof PermissionError) {
      return { storageMegabytesFree: null, dailyCallLimit: null };
    }
    throw error;
  }
}

function at(record: Readonly<Record<string, unknown>>, path: string): unknown {
  let value: unknown = record;
  for (const name of path.split(".")) {
    const parsed = z.record(z.string(), z.unknown()).safeParse(value);
    if (!parsed.success) return undefined;
    value = parsed.data[name];
  }
  return value;
}
