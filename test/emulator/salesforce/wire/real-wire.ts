import { strToU8, zipSync } from "fflate";
import {
  createOrg,
  type EngineOrg,
  type OrgOptions,
} from "../../../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock, type EmulatorClock } from "../../../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../../../src/emulator/server/start-emulator.ts";
import { type Reply, replyOf } from "./wire-client.ts";

type Caller = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Reply>;

/** The record engine behind the wire, and a plain HTTP client for it. Paths are below `/services/data/v67.0`. */
export interface RealWire {
  readonly emulator: Emulator;
  readonly org: EngineOrg;
  readonly clock: EmulatorClock;
  /** As the integration user. */
  readonly user: Caller;
  readonly admin: Caller;
  /** `path` below `/control`. */
  readonly control: (method: string, path: string, body?: unknown) => Promise<Reply>;
  /** Rows of a SOQL statement as the integration user; `all` for queryAll. */
  readonly rows: (soql: string, from?: "query" | "queryAll") => Promise<readonly Record<string, unknown>[]>;
  /** Ids of rows loaded through the control API, in their order. */
  readonly load: (object: string, rows: readonly object[]) => Promise<readonly string[]>;
  /** Deploys files as the integration user; the problems, empty where it succeeded. */
  readonly deploy: (files: Readonly<Record<string, string>>) => Promise<readonly string[]>;
  /** Gives a permission set to a user. */
  readonly assign: (permissionSet: string, userId: string) => Promise<string>;
}

const BASE = "/services/data/v67.0";

/** An emulator over the record engine, its clock stopped at 2026-06-01T08:00:00Z. */
export async function startRealWire(options: Partial<OrgOptions> = {}): Promise<RealWire> {
  const clock = createEmulatorClock(new Date("2026-06-01T08:00:00Z"), { stopped: true });
  const org = createOrg({ clock, ...options });
  org.markStart();
  const emulator = await startEmulator({ port: 0, org, clock });
  const { instanceUrl, accessToken, adminAccessToken } = emulator.ready.salesforce;
  const caller =
    (token: string): Caller =>
    async (method, path, body, headers = {}) => {
      const isForm = body instanceof FormData;
      const type = isForm || body === undefined ? {} : { "content-type": "application/json" };
      return replyOf(
        await fetch(instanceUrl + BASE + path, {
          method,
          headers: { authorization: `Bearer ${token}`, ...type, ...headers },
          ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
        }),
      );
    };
  const user = caller(accessToken);
  const admin = caller(adminAccessToken);
  const control = async (method: string, path: string, body?: unknown) =>
    replyOf(
      await fetch(`${emulator.ready.control}/${path}`, {
        method,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
  const must = (reply: Reply) => {
    if (reply.status >= 300) throw new Error(`refused: ${reply.status} ${reply.text}`);
    return reply;
  };
  const rows = async (soql: string, from: "query" | "queryAll" = "query") => {
    const records: unknown = must(await user("GET", `/${from}?q=${encodeURIComponent(soql)}`)).at("records");
    return bareRecords(records);
  };
  const deploy = async (files: Readonly<Record<string, string>>) => {
    const form = new FormData();
    const zip = zipSync(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])),
    );
    form.set("file", new Blob([new Uint8Array(zip)]), "package.xml");
    form.set(
      "entity_content",
      JSON.stringify({ deployOptions: { rollbackOnError: true, singlePackage: true } }),
    );
    const made = must(await user("POST", "/metadata/deployRequest", form));
    const path = `/metadata/deployRequest/${String(made.at("id"))}?includeDetails=true`;
    const finished = async (): Promise<Reply> => {
      const reply = await user("GET", path);
      return reply.at("deployResult.done") === true ? reply : finished();
    };
    const failures: unknown = (await finished()).at("deployResult.details.componentFailures");
    return Array.isArray(failures) ? failures.map((one: { problem?: unknown }) => String(one.problem)) : [];
  };
  return {
    emulator,
    org,
    clock,
    user,
    admin,
    control,
    rows,
    deploy,
    load: async (object, loaded) => {
      const before = new Set([...org.dump(object)].map((row) => row["Id"]));
      must(
        await control(
          "POST",
          `load/salesforce/${object}`,
          loaded.map((row) => JSON.stringify(row)).join("\n"),
        ),
      );
      return [...org.dump(object)].map((row) => String(row["Id"])).filter((id) => !before.has(id));
    },
    assign: async (permissionSet, userId) => {
      const [set] = await rows(`SELECT Id FROM PermissionSet WHERE Name = '${permissionSet}'`);
      const made = must(
        await admin("POST", "/sobjects/PermissionSetAssignment", {
          PermissionSetId: set?.["Id"],
          AssigneeId: userId,
        }),
      );
      return String(made.at("id"));
    },
  };
}

/** Records of a query's answer without their attributes. */
export function bareRecords(records: unknown): readonly Record<string, unknown>[] {
  const list: readonly unknown[] = Array.isArray(records) ? records : [];
  return list.map((record) => {
    const fields: Record<string, unknown> = typeof record === "object" ? { ...record } : {};
    delete fields["attributes"];
    return fields;
  });
}

/** A package.xml that names the given members. */
export const manifest = (types: Readonly<Record<string, readonly string[]>>): string =>
  `<Package xmlns="http://soap.sforce.com/2006/04/metadata">${Object.entries(types)
    .map(
      ([name, members]) =>
        `<types>${members.map((one) => `<members>${one}</members>`).join("")}<name>${name}</name></types>`,
    )
    .join("")}<version>67.0</version></Package>`;

/** A private custom object with an auto-numbered name; `fields` is XML inside it. */
export const customObject = (label: string, fields = ""): string =>
  `<CustomObject><label>${label}</label><pluralLabel>${label}s</pluralLabel><nameField><label>Number</label><type>AutoNumber</type><displayFormat>{0000}</displayFormat></nameField><deploymentStatus>Deployed</deploymentStatus><sharingModel>Private</sharingModel>${fields}</CustomObject>`;

/** objectPermissions of a permission set or profile. */
export const allowing = (object: string, rights: "read" | "all"): string =>
  `<objectPermissions><object>${object}</object><allowRead>true</allowRead>${
    rights === "read"
      ? ""
      : "<allowCreate>true</allowCreate><allowEdit>true</allowEdit><allowDelete>true</allowDelete>"
  }</objectPermissions>`;
