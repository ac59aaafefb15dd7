import type { ObjectAccess } from "../../src/core/ports.ts";
import { isAbsence } from "./absence.ts";
import type { Definitions } from "./definitions.ts";
import { type RecordType } from "./record-types.ts";
import type { Session } from "./session.ts";
import { hubspotStreams, notProperties, routeOf } from "./streams.ts";

/**
 * Which objects and properties the token sees: one call a type. A property that is not listed is missing or hidden; the two
 * cannot be told apart. What comes beside the properties, or is listed whole, is as the API documents it.
 * @throws PermissionError naming the missing scope where contacts are hidden: nothing can be measured without them
 */
export async function readAccess(
  session: Session,
  definitions: Definitions,
  objects: readonly string[],
): Promise<readonly ObjectAccess[]> {
  definitions.forget();
  return Promise.all(
    objects.map(async (object): Promise<ObjectAccess> => {
      const streams = hubspotStreams.filter((stream) => stream.object === object);
      const types = new Set(
        streams.flatMap((stream) => {
          const route = routeOf(stream);
          return "type" in route ? [route.type] : [];
        }),
      );
      const names = await namesOf(session, definitions, [...types]);
      const nothing = { object, visible: false, readable: new Set<string>(), updateable: new Set<string>() };
      if (names === null || streams.length === 0) return nothing;
      const isRecords = streams.some((stream) => stream.object === routeType(routeOf(stream)));
      const own = streams.flatMap((stream) => stream.fields.map((field) => field.name));
      const readable = isRecords
        ? new Set([...names, ...own.filter((name) => notProperties.has(name))])
        : new Set(own);
      return { ...nothing, visible: true, readable };
    }),
  );
}

function routeType(route: ReturnType<typeof routeOf>): RecordType | null {
  return "type" in route ? route.type : null;
}

/** Properties of these types; null where one of them is hidden. */
async function namesOf(
  session: Session,
  definitions: Definitions,
  types: readonly RecordType[],
): Promise<ReadonlySet<string> | null> {
  const names = new Set<string>();
  for (const type of types) {
    try {
      for (const name of await definitions.names(session, type)) names.add(name);
    } catch (error) {
      if (type === "contacts" || !isAbsence(error)) throw error;
      return null;
    }
  }
  return names;
}
