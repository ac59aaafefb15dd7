import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { ObjectAccess } from "../../src/core/ports.ts";
import { COMPOSITE_PARTS, type PartAnswer, sendComposite } from "./composite.ts";
import type { Session } from "./session.ts";
import { refusal, vendorProblem } from "./vendor-error.ts";

const Describe = z.looseObject({
  name: z.string(),
  fields: z.array(z.looseObject({ name: z.string(), updateable: z.boolean() })),
});

interface Known {
  readonly access: ObjectAccess;
  readonly lastModified: string | null;
}

/** Describes of one connection, asked again only as far as they changed. */
export interface AccessReader {
  read(session: Session, objects: readonly string[]): Promise<readonly ObjectAccess[]>;
  /** After a deploy or a new permission set: rights may have changed without a newer stamp. */
  forget(): void;
}

/**
 * Which objects and fields this user sees: describe calls, 25 a metered call, with If-Modified-Since. A field that is
 * absent from a describe is missing or hidden; the two cannot be told apart.
 * @see https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
 */
export function createAccessReader(): AccessReader {
  const known = new Map<string, Known>();

  function take(session: Session, object: string, part: PartAnswer): ObjectAccess {
    const before = known.get(object);
    if (part.status === 304 && before !== undefined) return before.access;
    const code = vendorProblem(part.body)?.code;
    if (part.status === 404 || code === "NOT_FOUND" || code === "INVALID_TYPE") {
      return { object, visible: false, readable: new Set(), updateable: new Set() };
    }
    const step = `The description of ${object}`;
    if (part.status >= 300) {
      throw refusal(part.status, part.body, { step, host: new URL(session.instanceUrl).host });
    }
    const parsed = Describe.safeParse(part.body);
    if (!parsed.success) throw new WireShapeError("salesforce", `${step} lists no fields.`);
    const { fields } = parsed.data;
    const access = {
      object,
      visible: true,
      readable: new Set(fields.map((field) => field.name)),
      updateable: new Set(fields.filter((field) => field.updateable).map((field) => field.name)),
    };
    const stamp = Object.entries(part.headers).find(([name]) => name.toLowerCase() === "last-modified");
    known.set(object, { access, lastModified: typeof stamp?.[1] === "string" ? stamp[1] : null });
    return access;
  }

  return {
    async read(session, objects) {
      const found: ObjectAccess[] = [];
      for (let start = 0; start < objects.length; start += COMPOSITE_PARTS) {
        const some = objects.slice(start, start + COMPOSITE_PARTS);
        const answer = await sendComposite(
          session,
          some.map((object) => {
            const stamp = known.get(object)?.lastModified ?? null;
            return {
              method: "GET",
              url: `/services/data/v${session.version}/sobjects/${object}/describe`,
              ...(stamp === null ? {} : { headers: { "If-Modified-Since": stamp } }),
            };
          }),
          { step: "The description of the org's objects", purpose: "read" },
        );
        for (const [index, object] of some.entries()) {
          const part = answer.parts[index];
          if (part !== undefined) found.push(take(session, object, part));
        }
      }
      return found;
    },
    forget: () => known.clear(),
  };
}
