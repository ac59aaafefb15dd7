import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { StreamField } from "../../src/core/ports.ts";

const Id = z.union([z.string().regex(/^\d+$/), z.int().nonnegative().transform(String)]);

const HistoryItem = z.looseObject({
  value: z.string().nullish(),
  timestamp: z.string(),
  sourceType: z.string().nullish(),
  sourceId: z.string().nullish(),
  updatedByUserId: z.union([z.string(), z.number().transform(String)]).nullish(),
});

/** A record as searches, lists and batch reads bring it. */
export const HubspotRecord = z.looseObject({
  id: Id,
  properties: z.record(z.string(), z.string().nullable()).default({}),
  propertiesWithHistory: z.record(z.string(), z.array(HistoryItem)).optional(),
  createdAt: z.string().nullish(),
  updatedAt: z.string().nullish(),
  archived: z.boolean().default(false),
  archivedAt: z.string().nullish(),
});
export type HubspotRecord = z.infer<typeof HubspotRecord>;

const Search = z.looseObject({ total: z.int().nonnegative(), results: z.array(HubspotRecord) });
export type SearchAnswer = z.infer<typeof Search>;

/** @throws WireShapeError when the body is no result of a search */
export function readSearch(body: unknown, step: string): SearchAnswer {
  const parsed = Search.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new WireShapeError("hubspot", `${step}: the answer is no search result (${issue(parsed.error)}).`);
}

/** The first thing that is wrong with an answer, without its values. */
export function issue(error: z.ZodError): string {
  const first = error.issues[0];
  return first === undefined ? "unknown" : `${first.path.join(".")}: ${first.code}`;
}

export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

/** What a scope withholds comes as nothing, or as a word that says so. */
function isWithheld(value: string | null | undefined): boolean {
  return value === null || value === undefined || value === "" || /redacted/i.test(value);
}

/**
 * A record as a row of its stream. An e-mail of which neither direction nor status is to be had is marked as redacted:
 * nobody can say whether it was a touch.
 */
export function recordRow(record: HubspotRecord, fields: readonly StreamField[]): Row {
  const { properties } = record;
  const redacted = isWithheld(properties["hs_email_direction"]) || isWithheld(properties["hs_email_status"]);
  return Object.fromEntries(
    fields.map(({ name }): readonly [string, Cell] => {
      switch (name) {
        case "id":
          return [name, record.id];
        case "createdAt":
          return [name, record.createdAt ?? null];
        case "archived":
          return [name, record.archived];
        case "archivedAt":
          return [name, record.archivedAt ?? null];
        case "redacted":
          return [name, redacted];
        case "hs_email_direction":
        case "hs_email_status":
          return [name, redacted && isWithheld(properties[name]) ? null : (properties[name] ?? null)];
        default:
          return [name, properties[name] ?? null];
      }
    }),
  );
}
