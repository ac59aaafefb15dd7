import { type UnzipFileInfo, unzipSync } from "fflate";
import type { DeployComponent, DeployMessage } from "../../org.ts";
import { isJsonObject, type JsonObject } from "../read-json.ts";
import { isListed, type Manifest, readManifest, readXml, XmlError, xmlList, xmlText } from "./manifest.ts";

/** Metadata API limits: files in a package, megabytes packed and unpacked. */
const FILE_LIMIT = 10_000;
const PACKED_LIMIT = 39 * 1024 * 1024;
const UNPACKED_LIMIT = 600 * 1024 * 1024;

export interface DeployPackage {
  readonly components: readonly DeployComponent[];
  readonly destructive: readonly { readonly type: string; readonly fullName: string }[];
  /** What is wrong between package.xml and the files; such a package is refused. */
  readonly problems: readonly DeployMessage[];
}

/** A package that cannot be read at all; the whole deployment fails with these words. */
export class BadPackageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BadPackageError";
  }
}

/** Folder of the package and the type of what lies in it, where the name alone does not tell. */
const FOLDER_TYPES: Readonly<Record<string, string>> = {
  applications: "CustomApplication",
  assignmentRules: "AssignmentRules",
  classes: "ApexClass",
  customPermissions: "CustomPermission",
  dashboards: "Dashboard",
  duplicateRules: "DuplicateRule",
  flexipages: "FlexiPage",
  flows: "Flow",
  groups: "Group",
  labels: "CustomLabels",
  layouts: "Layout",
  objectTranslations: "CustomObjectTranslation",
  objects: "CustomObject",
  permissionsetgroups: "PermissionSetGroup",
  permissionsets: "PermissionSet",
  profiles: "Profile",
  queues: "Queue",
  quickActions: "QuickAction",
  reportTypes: "ReportType",
  reports: "Report",
  roles: "Role",
  settings: "Settings",
  sharingRules: "SharingRules",
  staticresources: "StaticResource",
  tabs: "CustomTab",
  triggers: "ApexTrigger",
  workflows: "Workflow",
};

/** Lists inside an object file that are components of their own. */
const NESTED_TYPES: Readonly<Record<string, string>> = {
  fields: "CustomField",
  listViews: "ListView",
  validationRules: "ValidationRule",
  recordTypes: "RecordType",
  webLinks: "WebLink",
  fieldSets: "FieldSet",
  businessProcesses: "BusinessProcess",
  compactLayouts: "CompactLayout",
  indexes: "Index",
  sharingReasons: "SharingReason",
};

type Files = ReadonlyMap<string, string>;

function unzip(zip: Uint8Array): Files {
  if (zip.length > PACKED_LIMIT) throw new BadPackageError("Maximum size of request reached: 39 MB");
  let files = 0;
  let size = 0;
  // Counted from the directory of the zip, before anything is unpacked.
  const filter = (file: UnzipFileInfo) => {
    files += 1;
    size += file.originalSize;
    if (files > FILE_LIMIT) throw new BadPackageError(`The package has more than ${FILE_LIMIT} files`);
    if (size > UNPACKED_LIMIT) throw new BadPackageError("The package is larger than 600 MB unpacked");
    return !file.name.endsWith("/");
  };
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(zip, { filter });
  } catch (error) {
    if (error instanceof BadPackageError) throw error;
    throw new BadPackageError("INVALID_ZIP_FILE: the file is not a readable zip");
  }
  const decoder = new TextDecoder();
  return new Map(Object.entries(entries).map(([path, bytes]) => [path, decoder.decode(bytes)]));
}

/** Files relative to the folder that holds package.xml: the root of the zip or its one top folder. */
function packageFiles(zip: Uint8Array): Files {
  const all = unzip(zip);
  const manifest = [...all.keys()]
    .filter((path) => path === "package.xml" || /^[^/]+\/package\.xml$/.test(path))
    .sort((left, right) => left.length - right.length)[0];
  if (manifest === undefined) throw new BadPackageError("No package.xml found");
  const root = manifest.slice(0, -"package.xml".length);
  return new Map(
    [...all].filter(([path]) => path.startsWith(root)).map(([path, text]) => [path.slice(root.length), text]),
  );
}

const problem = (type: string, fullName: string, fileName: string, text: string, line?: number) =>
  ({
    componentType: type,
    fullName,
    fileName,
    success: false,
    created: false,
    changed: false,
    deleted: false,
    problem: text,
    problemType: "Error",
    ...(line === undefined ? {} : { lineNumber: line }),
  }) as const satisfies DeployMessage;

interface FileParts {
  readonly components: readonly DeployComponent[];
  /** Type under which package.xml lists it. */
  readonly manifestType: string;
}

/** An object file: the object itself where it is listed, and each listed component inside it. */
function objectParts(manifest: Manifest, fileName: string, object: string, content: JsonObject): FileParts {
  const isWhole = isListed(manifest, "CustomObject", object);
  const own: Record<string, unknown> = {};
  const inner: DeployComponent[] = [];
  for (const [name, value] of Object.entries(content)) {
    const type = NESTED_TYPES[name];
    if (type === undefined) {
      own[name] = value;
      continue;
    }
    for (const entry of xmlList(value)) {
      if (!isJsonObject(entry)) continue;
      const fullName = `${object}.${xmlText(entry["fullName"])}`;
      if (isWhole || isListed(manifest, type, fullName))
        inner.push({ type, fullName, fileName, content: entry });
    }
  }
  const whole = isWhole ? [{ type: "CustomObject", fullName: object, fileName, content: own }] : [];
  return { components: [...whole, ...inner], manifestType: "CustomObject" };
}

const isCompanion = (path: string) => /\.[^/.]+-meta\.xml$/.test(path);

/** Which component a file is, by its folder and name. */
function identify(path: string): {
  readonly type: string;
  readonly fullName: string;
  readonly isFolder: boolean;
} {
  const slash = path.indexOf("/");
  const folder = slash < 0 ? "" : path.slice(0, slash);
  const rest = path.slice(slash + 1);
  const isFolder = /(?:-meta\.xml|Folder)$/.test(rest) && !rest.includes("/");
  return {
    type: FOLDER_TYPES[folder] ?? folder,
    fullName: rest.replace(/-meta\.xml$/, "").replace(/\.[^/.]+$/, ""),
    isFolder,
  };
}

function fileParts(manifest: Manifest, path: string, text: string): FileParts {
  const { type, fullName, isFolder } = identify(path);
  const isXml = text.trimStart().startsWith("<");
  const content = isXml ? readXml(text).content : { body: text };
  if (type === "CustomObject") return objectParts(manifest, path, fullName, content);
  const isIn = isListed(manifest, type, fullName);
  const component = { type: isFolder ? `${type}Folder` : type, fullName, fileName: path, content };
  return { components: isIn ? [component] : [], manifestType: type };
}

const MANIFESTS = /^(?:package|destructiveChanges(?:Pre|Post)?)\.xml$/;

function listedButAbsent(manifest: Manifest, components: readonly DeployComponent[]): DeployMessage[] {
  const present = new Set(
    components.map(({ type, fullName }) => `${type.replace(/Folder$/, "")} ${fullName}`),
  );
  return [...manifest].flatMap(([type, members]) =>
    [...members]
      .filter((member) => member !== "*" && !present.has(`${type} ${member}`))
      .map((member) =>
        problem(
          type,
          member,
          "package.xml",
          `An object '${member}' of type ${type} was named in package.xml, but was not found in zipped directory`,
        ),
      ),
  );
}

function destructiveOf(files: Files) {
  return ["destructiveChangesPre.xml", "destructiveChanges.xml", "destructiveChangesPost.xml"].flatMap(
    (name) => {
      const text = files.get(name);
      if (text === undefined) return [];
      return [...readManifest(text)].flatMap(([type, members]) =>
        [...members].map((fullName) => ({ type, fullName })),
      );
    },
  );
}

/**
 * What a metadata zip asks for. Object files are taken apart into the object and the components inside it.
 * @throws BadPackageError where there is no readable package at all
 */
export function readPackage(zip: Uint8Array): DeployPackage {
  const files = packageFiles(zip);
  let manifest: Manifest;
  let destructive: DeployPackage["destructive"];
  try {
    manifest = readManifest(files.get("package.xml") ?? "");
    destructive = destructiveOf(files);
  } catch (error) {
    if (error instanceof XmlError) throw new BadPackageError(`Error parsing package.xml: ${error.message}`);
    throw error;
  }
  const components: DeployComponent[] = [];
  const problems: DeployMessage[] = [];
  for (const [path, text] of files) {
    if (MANIFESTS.test(path) || isCompanion(path)) continue;
    const { type, fullName } = identify(path);
    try {
      const parts = fileParts(manifest, path, text);
      components.push(...parts.components);
      if (parts.components.length === 0) problems.push(problem(type, fullName, path, "Not in package.xml"));
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      problems.push(problem(type, fullName, path, `Error parsing file: ${error.message}`, error.line));
    }
  }
  for (const { type, fullName } of destructive) {
    if (fullName === "*") {
      problems.push(problem(type, fullName, "destructiveChanges.xml", "Wildcards are not allowed here"));
    }
  }
  return { components, destructive, problems: [...problems, ...listedButAbsent(manifest, components)] };
}
