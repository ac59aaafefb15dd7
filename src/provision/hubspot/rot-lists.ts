import type { TargetObject } from "../../writeback/targets/target.ts";

/** Contacts. */
const CONTACT_TYPE = "0-1";

interface Filter {
  readonly filterType: "PROPERTY";
  readonly property: string;
  readonly operation: Readonly<Record<string, unknown>>;
}

const now = (offset?: Readonly<Record<string, number>>) => ({
  timeType: "INDEXED",
  timezoneSource: "CUSTOM",
  zoneId: "UTC",
  indexReference: { referenceType: "NOW" },
  ...(offset === undefined ? {} : { offset }),
});

function isOneOf(property: string, values: readonly string[]): Filter {
  return {
    filterType: "PROPERTY",
    property,
    operation: {
      operationType: "ENUMERATION",
      operator: "IS_ANY_OF",
      values,
      includeObjectsWithNoValueSet: false,
    },
  };
}

function isAt(
  property: string,
  operator: "IS_BEFORE" | "IS_AFTER",
  offset?: Readonly<Record<string, number>>,
): Filter {
  return {
    filterType: "PROPERTY",
    property,
    operation: {
      operationType: "TIME_POINT",
      operator,
      timePoint: now(offset),
      includeObjectsWithNoValueSet: false,
    },
  };
}

const anyOf = (...groups: readonly (readonly Filter[])[]) => ({
  filterBranchType: "OR",
  filters: [],
  filterBranches: groups.map((filters) => ({ filterBranchType: "AND", filterBranches: [], filters })),
});

const STATUS = "ripeline_rot_status";
const DEADLINE = "ripeline_rots_at";
/** Not yet touched, by what we last wrote. */
const UNTOUCHED = isOneOf(STATUS, ["waiting", "at_risk"]);

/**
 * The active lists that reps look at, of contacts: with leads as the unit a contact carries its worst lead's state. Both
 * test the deadline against the portal's own clock as well, so that a flag that comes late hides no rot. HubSpot keeps
 * such lists up by itself. None where a property that they test is left out.
 * @see https://developers.hubspot.com/docs/api-reference/crm-lists-v3/guide
 */
export function rotLists(
  contacts: TargetObject,
): readonly { readonly file: string; readonly body: Readonly<Record<string, unknown>> }[] {
  const there = new Set(contacts.fields.map(({ name }) => name));
  if (!there.has(STATUS) || !there.has(DEADLINE)) return [];
  const list = (name: string, filterBranch: unknown) => ({
    name,
    objectTypeId: CONTACT_TYPE,
    processingType: "DYNAMIC",
    filterBranch,
  });
  return [
    {
      file: "rotting_leads",
      body: list(
        "Rotting leads",
        anyOf([isOneOf(STATUS, ["rotting"])], [UNTOUCHED, isAt(DEADLINE, "IS_BEFORE")]),
      ),
    },
    {
      file: "at_risk_today",
      // Rots within a day, whatever state was written last.
      body: list(
        "At risk today",
        anyOf([UNTOUCHED, isAt(DEADLINE, "IS_AFTER"), isAt(DEADLINE, "IS_BEFORE", { days: 1 })]),
      ),
    },
  ];
}
