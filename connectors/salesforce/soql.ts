import type { StreamField, StreamSpec } from "../../src/core/ports.ts";

/** Position in a result ordered by cursor and Id. */
export interface Keyset {
  /** The cursor's value as the API printed it. */
  readonly cursor: string;
  readonly id: string;
}

export interface StreamQuery {
  readonly stream: StreamSpec;
  readonly fields: readonly StreamField[];
  /** Inclusive lower bound, UTC. */
  readonly since: Date | null;
  /** Only rows after this position. */
  readonly after?: Keyset;
  /** Only these records. */
  readonly ids?: readonly string[];
}

/** A SOQL dateTime literal in UTC; whole seconds below, since stamps carry none finer and the bound is inclusive. */
export function instantLiteral(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}

/** A quoted SOQL string. */
export function textLiteral(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function filter(query: StreamQuery): string {
  const { cursor } = query.stream;
  const conditions: string[] = [];
  if (cursor !== "none" && query.since !== null)
    conditions.push(`${cursor} >= ${instantLiteral(query.since)}`);
  if (cursor !== "none" && query.after !== undefined) {
    const at = instantLiteral(new Date(query.after.cursor));
    conditions.push(`(${cursor} > ${at} OR (${cursor} = ${at} AND Id > ${textLiteral(query.after.id)}))`);
  }
  if (query.ids !== undefined) conditions.push(`Id IN (${query.ids.map(textLiteral).join(",")})`);
  return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
}

function select(query: StreamQuery): string {
  return `SELECT ${query.fields.map((field) => field.name).join(", ")} FROM ${query.stream.object}${filter(query)}`;
}

/** For REST: a total order, so that a lost locator can be replaced by a position. */
export function restQuery(query: StreamQuery): string {
  return `${select(query)} ORDER BY ${query.stream.cursor === "none" ? "Id" : `${query.stream.cursor}, Id`}`;
}

/**
 * For Bulk: without ORDER BY, which would switch off the splitting by primary key and invite time-outs.
 * @see https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
 */
export function bulkQuery(query: StreamQuery): string {
  return select(query);
}
