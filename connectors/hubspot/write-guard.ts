import { z } from "zod";
import { RequestRefusedError } from "../../src/core/errors.ts";
import type { ApiRequest } from "./api-requests.ts";

/** Records that carry flags of ours; every other standard object is only read. */
const WRITABLE: ReadonlySet<string> = new Set(["contacts", "leads", "deals"]);

/** What every property, group and custom object of ours begins with. */
const OUR_PREFIX = "ripeline";
const OUR_PROPERTY = /^ripeline_[a-z0-9_]+$/;
/** `ripeline_metric`, or as addresses name it: `p24700001_ripeline_metric`. */
const OUR_OBJECT = /^(?:p\d*_)?ripeline_[a-z0-9_]+$/;

/** True for one of our custom objects, by its name or by that of addresses. */
export function isOurObject(object: string): boolean {
  return OUR_OBJECT.test(object);
}

const Inputs = z.looseObject({
  inputs: z.array(
    z.looseObject({
      idProperty: z.string().optional(),
      properties: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});
const Named = z.looseObject({ name: z.string().optional(), groupName: z.string().optional() });
const Schema = z.looseObject({ properties: z.array(z.looseObject({ name: z.string() })).default([]) });

type Check = (found: RegExpExecArray, body: unknown) => string | null;

/** Why the properties of a batch may not be written, or null. */
function foreignProperty(body: unknown): string | null {
  for (const { idProperty, properties } of Inputs.parse(body).inputs) {
    const names = [...(idProperty === undefined ? [] : [idProperty]), ...Object.keys(properties)];
    const foreign = names.find((name) => !OUR_PROPERTY.test(name));
    if (foreign !== undefined) return `property ${foreign} is not ripeline's`;
  }
  return null;
}

const nothing: Check = () => null;
const ourObject: Check = ([, object = ""]) => (isOurObject(object) ? null : `${object} is not ripeline's`);

/**
 * Every request that is no GET and that we may send, with what it must keep to. A request that fits none is refused,
 * whoever made it: new ones are added here, in sight.
 */
const allowed: readonly { readonly method: string; readonly path: RegExp; readonly check: Check }[] = [
  { method: "POST", path: /^\/crm\/objects\/[^/]+\/[^/]+\/(?:search|batch\/read)$/, check: nothing },
  { method: "POST", path: /^\/crm\/associations\/[^/]+\/[^/]+\/[^/]+\/batch\/read$/, check: nothing },
  { method: "POST", path: /^\/marketing\/campaigns\/[^/]+\/batch\/read$/, check: nothing },
  {
    method: "POST",
    path: /^\/crm\/objects\/[^/]+\/([^/]+)\/batch\/update$/,
    check: ([, object = ""], body) =>
      WRITABLE.has(object) || isOurObject(object)
        ? foreignProperty(body)
        : `records of ${object} are never written`,
  },
  {
    method: "POST",
    path: /^\/crm\/objects\/[^/]+\/([^/]+)\/batch\/upsert$/,
    check: (found, body) => ourObject(found, body) ?? foreignProperty(body),
  },
  { method: "POST", path: /^\/crm\/objects\/[^/]+\/([^/]+)\/batch\/archive$/, check: ourObject },
  {
    method: "POST",
    path: /^\/marketing\/campaigns\/[^/]+\/batch\/update$/,
    check: (_, body) => foreignProperty(body),
  },
  {
    method: "POST",
    path: /^\/crm\/properties\/[^/]+\/[^/]+\/groups$/,
    check: (_, body) =>
      Named.parse(body).name === OUR_PREFIX ? null : "the property group is not ripeline's",
  },
  {
    method: "PATCH",
    path: /^\/crm\/properties\/[^/]+\/[^/]+\/groups\/([^/]+)$/,
    check: ([, name]) => (name === OUR_PREFIX ? null : "the property group is not ripeline's"),
  },
  {
    method: "POST",
    path: /^\/crm\/properties\/[^/]+\/[^/]+$/,
    check: (_, body) =>
      OUR_PROPERTY.test(Named.parse(body).name ?? "") ? null : "the property is not ripeline's",
  },
  {
    method: "PATCH",
    path: /^\/crm\/properties\/[^/]+\/[^/]+\/([^/]+)$/,
    check: ([, name = ""]) => (OUR_PROPERTY.test(name) ? null : `property ${name} is not ripeline's`),
  },
  {
    method: "POST",
    path: /^\/crm-object-schemas\/[^/]+\/schemas$/,
    check: (_, body) => {
      if (!isOurObject(Named.parse(body).name ?? "")) return "the custom object is not ripeline's";
      const foreign = Schema.parse(body).properties.find(({ name }) => !OUR_PROPERTY.test(name));
      return foreign === undefined ? null : `property ${foreign.name} is not ripeline's`;
    },
  },
  { method: "PATCH", path: /^\/crm-object-schemas\/[^/]+\/schemas\/([^/]+)$/, check: ourObject },
  // A list holds no data of a record; `provision-lists.ts` changes only those that test properties of ours.
  { method: "POST", path: /^\/crm\/lists\/[^/]+$/, check: nothing },
  { method: "PUT", path: /^\/crm\/lists\/[^/]+\/[^/]+\/update-list-filters$/, check: nothing },
];

/**
 * The last gate before the network: of records only properties of ours are written, only on contacts, leads, deals and
 * campaigns and on our custom objects; only our definitions are changed; only our own objects' records are deleted. An
 * owner, a lifecycle stage or a lead status cannot pass.
 * @throws RequestRefusedError code WRITE_GUARD
 */
export function assertHarmlessWrite({ method, path, body }: ApiRequest): void {
  if (method === "GET") return;
  const address = decodeURIComponent(path.split("?")[0] ?? "");
  const json: unknown = body === undefined ? {} : JSON.parse(body);
  for (const each of allowed) {
    const found = each.method === method ? each.path.exec(address) : null;
    if (found === null) continue;
    const reason = each.check(found, json);
    if (reason === null) return;
    refuse(reason);
  }
  refuse(`${method} ${address} is not used`);
}

function refuse(reason: string): never {
  throw new RequestRefusedError(
    "hubspot",
    `Not sent: ${reason}. This is a fault of ripeline: report it.`,
    0,
    "WRITE_GUARD",
  );
}
