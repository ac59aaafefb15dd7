import { DAY_MS } from "../../../core/time.ts";
import type { PropertyDefinition } from "./schema/property-definition.ts";
import { instantText } from "./store/columns.ts";

/** A value as it is kept: instants as milliseconds, everything else as the text that was written; null is none. */
export type Stored = string | number | null;

/** A value that the property cannot have: the vendor's code and words. */
export interface ValueFault {
  readonly error: string;
  readonly message: string;
}

export const isFault = (value: Stored | ValueFault): value is ValueFault =>
  typeof value === "object" && value !== null;

const INTEGER = /^-?\d+$/;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/;
const EMAIL = /^[^\s@,;]+@[^\s@,;]+\.[^\s@,;.]{2,}$/;

/** Milliseconds of an instant as clients write it: epoch milliseconds, ISO text, or a day. NaN where it is none. */
export function instantOf(text: string): number {
  if (INTEGER.test(text)) return Number(text);
  if (DATE.test(text)) return Date.parse(`${text}T00:00:00Z`);
  return INSTANT.test(text)
    ? Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`)
    : Number.NaN;
}

function dateOf(text: string): Stored | ValueFault {
  const instant = instantOf(text);
  if (Number.isNaN(instant)) return { error: "INVALID_DATE", message: `${text} was not a valid date.` };
  if (instant % DAY_MS !== 0) {
    const at = new Date(instant);
    const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(), at.getUTCMilliseconds()];
    return {
      error: "INVALID_DATE",
      message: `${instant} is at ${time.slice(0, 3).join(":")}.${time[3]} UTC, not midnight!`,
    };
  }
  return new Date(instant).toISOString().slice(0, 10);
}

/** What a value is checked against besides its definition. */
export interface ValueContext {
  isOwner(id: string): boolean;
  /** The value the record has now, for texts that begin with `;` and add to a list. */
  readonly current: string | null;
}

function optionsFault(text: string, property: PropertyDefinition): ValueFault | undefined {
  const allowed = property.options.map((option) => option.value);
  const given = property.fieldType === "checkbox" ? text.split(";") : [text];
  const wrong = given.find((one) => !allowed.includes(one));
  if (wrong === undefined) return undefined;
  return {
    error: "INVALID_OPTION",
    message: `${wrong} was not one of the allowed options: [${allowed.join(", ")}]`,
  };
}

function enumerationOf(
  text: string,
  property: PropertyDefinition,
  context: ValueContext,
): Stored | ValueFault {
  if (property.referencedObjectType === "OWNER") {
    if (context.isOwner(text)) return text;
    return { error: "INVALID_OWNER_ID", message: `${text} is not the id of an owner` };
  }
  const isList = property.fieldType === "checkbox";
  const isAdding = isList && text.startsWith(";");
  const given = isAdding ? text.slice(1) : text;
  const fault = optionsFault(given, property);
  if (fault !== undefined) return fault;
  if (!isAdding || context.current === null) return given;
  return [...new Set([...context.current.split(";"), ...given.split(";")])].join(";");
}

/** Makes of a written text what is kept, or says why it cannot be. The empty text clears. */
export function parseValue(
  text: string,
  property: PropertyDefinition,
  context: ValueContext,
): Stored | ValueFault {
  if (text === "") return null;
  switch (property.type) {
    case "datetime": {
      const instant = instantOf(text);
      return Number.isNaN(instant)
        ? { error: "INVALID_LONG", message: `${text} was not a valid long.` }
        : instant;
    }
    case "date":
      return dateOf(text);
    case "number":
      return NUMBER.test(text)
        ? text
        : { error: "INVALID_INTEGER", message: `${property.name} was not a valid number` };
    case "bool":
      return text === "true" || text === "false"
        ? text
        : (optionsFault(text, property) ?? { error: "INVALID_OPTION", message: `${text} was not valid` });
    case "enumeration":
      return enumerationOf(text, property, context);
    case "phone_number":
    case "string":
      if (text.length > 65_536) {
        return {
          error: "PROPERTY_VALUE_TOO_LONG",
          message: `${property.name} is longer than 65536 characters`,
        };
      }
      if (property.name === "email" && property.hasUniqueValue) {
        return EMAIL.test(text)
          ? text.toLowerCase()
          : { error: "INVALID_EMAIL", message: `Email address ${text} is invalid` };
      }
      return text;
  }
}

/** A kept value as it goes out. */
export const printValue = (stored: Stored): string | null =>
  typeof stored === "number" ? instantText(stored) : stored;
