import { ConfigError, PermissionError, RequestRefusedError } from "../../src/core/errors.ts";
import type { DeployProblem, DeployReport, PackageFile } from "../../src/core/ports.ts";
import type { ApiRequest } from "./api-requests.ts";
import { addressOf, CAMPAIGNS } from "./object-address.ts";
import {
  type GroupFile,
  groupFiles,
  type ListFile,
  listFiles,
  type PropertyFile,
  propertyFiles,
  type SchemaFile,
  schemaFiles,
} from "./package-documents.ts";
import {
  type PortalProperty,
  type PortalSchema,
  readGroups,
  readList,
  readProperties,
  readSchemas,
} from "./portal-definitions.ts";
import { changesOf, covers, isTestingOurs } from "./property-changes.ts";
import type { Session } from "./session.ts";
import { readRefusal } from "./write-answer.ts";
import { isOurObject } from "./write-guard.ts";

interface Deploying {
  readonly session: Session;
  readonly portalId: string;
  readonly checkOnly: boolean;
  readonly created: string[];
  readonly changed: string[];
  readonly unchanged: string[];
  readonly problems: DeployProblem[];
  /** Problems without which write-back works all the same: lists, and what only some portals allow. */
  readonly minor: DeployProblem[];
}

/**
 * Brings the portal's definitions to the files': groups, custom objects, properties, active lists, in this order. What is
 * missing is made, what differs in label, words or options is changed, everything else is left; a second run sends
 * nothing. HubSpot has no roll-back: what was made before a problem stays, and the next run goes on from there. The name
 * of an archived property brings its values back.
 *
 * `succeeded` is about groups, objects and properties; a list that could not be made is a problem beside a success, and so
 * are properties of campaigns, which not every portal lets be made.
 * @throws ConfigError for a file that is none of ours; the connection's errors
 */
export async function deployDefinitions(
  session: Session,
  portalId: string,
  files: readonly PackageFile[],
  options: { readonly checkOnly: boolean },
): Promise<DeployReport> {
  const known = [groupFiles(files), schemaFiles(files), propertyFiles(files), listFiles(files)] as const;
  const [groups, schemas, properties, lists] = known;
  if (known.reduce((sum, each) => sum + each.length, 0) < files.length) {
    throw new ConfigError("A file of the HubSpot package is neither group, schema, property nor list.");
  }
  const deploying: Deploying = {
    session,
    portalId,
    checkOnly: options.checkOnly,
    created: [],
    changed: [],
    unchanged: [],
    problems: [],
    minor: [],
  };
  for (const group of groups) await deployGroup(deploying, group);
  const made = await deploySchemas(deploying, schemas, properties);
  const objects = [...new Set(properties.map(({ object }) => object))].filter((object) => !made.has(object));
  for (const object of objects) {
    await deployProperties(
      deploying,
      object,
      properties.filter((property) => property.object === object),
    );
  }
  for (const list of lists) await deployList(deploying, list);
  const { created, changed, unchanged, problems, minor } = deploying;
  return {
    succeeded: problems.length === 0,
    created,
    changed,
    unchanged,
    deleted: [],
    problems: [...problems, ...minor],
  };
}

type Refused = { readonly status: number; readonly body: unknown };

/** Sends one definition. @returns the refusal, where HubSpot would not have it */
async function sendDefinition(
  { session }: Deploying,
  request: ApiRequest,
  component: string,
): Promise<Refused | null> {
  const answer = await session.call({
    request,
    step: `The definition of ${component}`,
    bucket: "plain",
    purpose: "write",
    mayBeRefused: true,
  });
  return answer.status < 300 ? null : answer;
}

/** Notes a definition that HubSpot refuses, also for want of a scope or of the plan that has the feature. */
async function whileTrying(
  problems: DeployProblem[],
  component: string,
  work: () => Promise<Refused | null>,
): Promise<boolean> {
  try {
    const refused = await work();
    if (refused === null) return true;
    const { code, message } = readRefusal(refused.body, refused.status);
    problems.push({ component, problem: `${code}: ${message}` });
  } catch (error) {
    if (!(error instanceof PermissionError || error instanceof RequestRefusedError)) throw error;
    problems.push({ component, problem: error.message });
  }
  return false;
}

async function deployGroup(deploying: Deploying, { object, body }: GroupFile): Promise<void> {
  const { session, portalId, checkOnly } = deploying;
  const component = `${object}.${body.name} (group)`;
  const type = addressOf(object, portalId);
  await whileTrying(problemsOf(deploying, object), component, async () => {
    const found = (await readGroups(session, type)).find(({ name }) => name === body.name);
    if (found?.label === body.label) {
      deploying.unchanged.push(component);
      return null;
    }
    const request =
      found === undefined
        ? session.requests.createGroup(type, body)
        : session.requests.updateGroup(type, body.name, { label: body.label });
    const refused = checkOnly ? null : await sendDefinition(deploying, request, component);
    if (refused === null || refused.status === 409) {
      (found === undefined ? deploying.created : deploying.changed).push(component);
      return null;
    }
    return refused;
  });
}

/** @returns objects that were made, with their properties */
async function deploySchemas(
  deploying: Deploying,
  schemas: readonly SchemaFile[],
  properties: readonly PropertyFile[],
): Promise<ReadonlySet<string>> {
  const made = new Set<string>();
  if (schemas.length === 0) return made;
  const { session, portalId, checkOnly } = deploying;
  const present = await readSchemas(session);
  for (const { body } of schemas) {
    const found = present.find(({ name }) => name === body.name);
    const own = properties.filter(({ object }) => object === body.name).map((property) => property.body);
    await whileTrying(deploying.problems, body.name, async () => {
      if (found !== undefined && isSameSchema(found, body)) {
        deploying.unchanged.push(body.name);
        return null;
      }
      const request =
        found === undefined
          ? session.requests.createSchema({ ...body, properties: own })
          : session.requests.updateSchema(addressOf(body.name, portalId), {
              labels: body.labels,
              description: body.description,
            });
      const refused = checkOnly ? null : await sendDefinition(deploying, request, body.name);
      if (refused !== null) return refused;
      if (found === undefined) {
        made.add(body.name);
        deploying.created.push(body.name, ...own.map(({ name }) => `${body.name}.${name}`));
      } else deploying.changed.push(body.name);
      return null;
    });
    // What could not be made has no properties to look at.
    if (found === undefined) made.add(body.name);
  }
  return made;
}

function isSameSchema(found: PortalSchema, { labels, description }: SchemaFile["body"]): boolean {
  return (
    found.labels?.singular === labels.singular &&
    found.labels.plural === labels.plural &&
    (found.description ?? "") === description
  );
}

async function deployProperties(
  deploying: Deploying,
  object: string,
  wanted: readonly PropertyFile[],
): Promise<void> {
  const { session, portalId } = deploying;
  const type = addressOf(object, portalId);
  let present: readonly PortalProperty[] = [];
  const isReadable = await whileTrying(problemsOf(deploying, object), `${object} (properties)`, async () => {
    present = await readProperties(session, type);
    return null;
  });
  if (!isReadable) return;
  // A custom object made its own group; ours stand beside its first property.
  const group = present.find(({ name }) => name === "ripeline_key")?.groupName;
  for (const { body } of wanted) {
    const placed = isOurObject(object) && group != null ? { ...body, groupName: group } : body;
    const found = present.find(({ name }) => name === body.name);
    const isDone = await deployProperty(deploying, { object, body: placed }, found);
    // A portal whose campaigns take one property of ours takes all, and one that refuses the first refuses all.
    if (!isDone && object === CAMPAIGNS) return;
  }
}

async function deployProperty(
  deploying: Deploying,
  { object, body }: PropertyFile,
  found: PortalProperty | undefined,
): Promise<boolean> {
  const { session, portalId, checkOnly } = deploying;
  const type = addressOf(object, portalId);
  const component = `${object}.${body.name}`;
  const problems = problemsOf(deploying, object);
  return whileTrying(problems, component, async () => {
    if (found === undefined) {
      const request = session.requests.createProperty(type, body);
      const refused = checkOnly ? null : await sendDefinition(deploying, request, component);
      // 409: it came into being meanwhile, or our first answer was lost. The next run compares it.
      if (refused !== null && refused.status !== 409) return refused;
      deploying.created.push(component);
      return null;
    }
    const changes = changesOf(found, body);
    if (typeof changes === "string") {
      problems.push({ component, problem: changes });
      return null;
    }
    if (changes === null) {
      deploying.unchanged.push(component);
      return null;
    }
    const request = session.requests.updateProperty(type, body.name, changes);
    const refused = checkOnly ? null : await sendDefinition(deploying, request, component);
    if (refused === null) deploying.changed.push(component);
    return refused;
  });
}

async function deployList(deploying: Deploying, { body }: ListFile): Promise<void> {
  const { session, checkOnly } = deploying;
  const component = `list "${body.name}"`;
  await whileTrying(deploying.minor, component, async () => {
    const found = await readList(session, body.objectTypeId, body.name);
    if (found === null) {
      const request = session.requests.createList(body);
      const refused = checkOnly ? null : await sendDefinition(deploying, request, component);
      if (refused === null) deploying.created.push(component);
      return refused;
    }
    if (covers(found.filterBranch, body.filterBranch)) {
      deploying.unchanged.push(component);
      return null;
    }
    if (!isTestingOurs(found.filterBranch)) {
      const problem =
        "a list of this name is there that tests nothing of ripeline's: rename it, then run apply again";
      deploying.minor.push({ component, problem });
      return null;
    }
    const request = session.requests.updateListFilters(found.listId, body.filterBranch);
    const refused = checkOnly ? null : await sendDefinition(deploying, request, component);
    if (refused === null) deploying.changed.push(component);
    return refused;
  });
}

/** Properties of campaigns are documented nowhere: whether a portal takes them is seen by trying. */
function problemsOf(deploying: Deploying, object: string): DeployProblem[] {
  return object === CAMPAIGNS ? deploying.minor : deploying.problems;
}
