import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import { isAbsence } from "./absence.ts";
import type { RecordType } from "./record-types.ts";
import type { Session } from "./session.ts";

const Properties = z.looseObject({ results: z.array(z.looseObject({ name: z.string() })) });

/** Names of the properties that the token may see, by type. Asked once a connection and when told to forget. */
export interface Definitions {
  names(session: Session, type: RecordType): Promise<ReadonlySet<string>>;
  /** False where the portal lacks the type, or hides it from the token. */
  isVisible(session: Session, type: RecordType): Promise<boolean>;
  forget(): void;
}

export function createDefinitions(): Definitions {
  const known = new Map<RecordType, Promise<ReadonlySet<string>>>();
  function names(session: Session, type: RecordType): Promise<ReadonlySet<string>> {
    const asked = known.get(type) ?? read(session, type);
    known.set(type, asked);
    // A refusal is remembered as an answer is; what may pass is asked again.
    asked.catch((error: unknown) => (isAbsence(error) ? undefined : known.delete(type)));
    return asked;
  }
  return {
    names,
    isVisible: async (session, type) => {
      try {
        await names(session, type);
        return true;
      } catch (error) {
        if (isAbsence(error)) return false;
        throw error;
      }
    },
    forget: () => known.clear(),
  };
}

async function read(session: Session, type: RecordType): Promise<ReadonlySet<string>> {
  const step = `The list of properties of ${type}`;
  const request = await session.requests.properties(type);
  const { body } = await session.call({ request, step, bucket: "plain" });
  const parsed = Properties.safeParse(body);
  if (!parsed.success) throw new WireShapeError("hubspot", `${step}: the answer lists none.`);
  return new Set(parsed.data.results.map(({ name }) => name));
}
