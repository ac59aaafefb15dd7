import type { FieldValues, Org } from "../../org.ts";
import { type FieldFacts, objectFields } from "../rest/object-fields.ts";
import type { IngestJob } from "./ingest-jobs.ts";

/** Where a column of an upload goes in the record. */
export interface IngestColumn {
  /** One name, or relationship and external id field (`Account.Number__c`). */
  readonly path: readonly [string] | readonly [string, string];
  readonly type: string;
}

/** A column that the object does not have; the vendor fails the whole job with these words. */
export class UnknownColumnError extends Error {
  constructor(column: string) {
    super(`InvalidBatch : Field name not found : ${column}`);
    this.name = "UnknownColumnError";
  }
}

function columnOf(
  name: string,
  fields: ReadonlyMap<string, FieldFacts>,
  relationships: ReadonlySet<string>,
): IngestColumn {
  const [head = "", tail, more] = name.split(".");
  if (tail === undefined) {
    const facts = fields.get(name.toLowerCase());
    if (facts !== undefined) return { path: [facts.name], type: facts.type };
  } else if (more === undefined && relationships.has(head.toLowerCase())) {
    // `Lead:Owner.X` names the parent's type for relationships that have several; the type is not needed here.
    return { path: [head, tail], type: "string" };
  }
  throw new UnknownColumnError(name);
}

/** @throws UnknownColumnError */
export function ingestColumns(org: Org, job: IngestJob, header: readonly string[]): readonly IngestColumn[] {
  const fields = objectFields(org, job.session, job.object);
  const relationships = new Set(
    [...fields.values()].flatMap((facts) => facts.relationshipName?.toLowerCase() ?? []),
  );
  return header.map((name) => columnOf(name.trim(), fields, relationships));
}

const NUMBERS = new Set(["int", "double", "currency", "percent"]);

/** The text of a cell as the value its field takes; what cannot be read stays text, for the org to refuse. */
function typedValue(text: string, type: string): unknown {
  if (type === "boolean") {
    if (/^(?:true|1)$/i.test(text)) return true;
    return /^(?:false|0)$/i.test(text) ? false : text;
  }
  if (!NUMBERS.has(type)) return text;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

/** The record of one row: an empty cell leaves the field alone, `#N/A` empties it. */
export function ingestRecord(columns: readonly IngestColumn[], cells: readonly string[]): FieldValues {
  const record: Record<string, unknown> = {};
  columns.forEach(({ path, type }, index) => {
    const text = cells[index] ?? "";
    if (text === "") return;
    const value = text === "#N/A" ? null : typedValue(text, type);
    const [name, inner] = path;
    record[name] = inner === undefined ? value : { [inner]: value };
  });
  return record;
}
