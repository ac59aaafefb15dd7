import { type CompanyRows, living, must, mustInstant, text, type VendorRow } from "./vendor-rows.ts";

/** Records of one human being: those of one e-mail address, and a lead with the contact it became. */
export interface Person {
  readonly id: string;
  readonly firstRecordAt: number;
  /** LeadSource of the oldest record that has one. */
  readonly source: string | null;
}

/** The person of each living Lead and Contact, by record id. */
export function peopleOf(rows: CompanyRows): ReadonlyMap<string, Person> {
  const records = [...living(rows, "Lead"), ...living(rows, "Contact")];
  const label = new Map(records.map((row) => [must(row, "Id"), must(row, "Id")]));
  const links: (readonly [string, string])[] = [];
  const seen = new Map<string, string>();
  for (const row of records) {
    const id = must(row, "Id");
    const email = text(row, "Email")?.toLowerCase() ?? null;
    const other = email === null ? undefined : seen.get(email);
    if (other !== undefined) links.push([id, other]);
    else if (email !== null) seen.set(email, id);
    const contact = text(row, "ConvertedContactId");
    if (contact !== null && label.has(contact)) links.push([id, contact]);
  }
  // Give both ends of every link the smaller label, until nothing changes.
  let changed = true;
  while (changed) {
    changed = false;
    for (const [one, other] of links) {
      const [a, b] = [label.get(one) ?? one, label.get(other) ?? other];
      if (a === b) continue;
      const smaller = a < b ? a : b;
      label.set(one, smaller);
      label.set(other, smaller);
      changed = true;
    }
  }
  const groups = new Map<string, VendorRow[]>();
  for (const row of records) {
    const id = label.get(must(row, "Id")) ?? "";
    groups.set(id, [...(groups.get(id) ?? []), row]);
  }
  const people = new Map<string, Person>();
  for (const [id, own] of groups) {
    const oldestFirst = own.toSorted((a, b) => mustInstant(a, "CreatedDate") - mustInstant(b, "CreatedDate"));
    const sources = oldestFirst.flatMap((row) => text(row, "LeadSource") ?? []);
    const person: Person = {
      id,
      firstRecordAt: mustInstant(oldestFirst[0] ?? {}, "CreatedDate"),
      source: sources[0] ?? null,
    };
    for (const row of own) people.set(must(row, "Id"), person);
  }
  return people;
}
