/** A record as REST prints it. */
export type VendorRow = Readonly<Record<string, unknown>>;

/** All records of an org by object, deleted ones included. */
export type CompanyRows = Readonly<Record<string, readonly VendorRow[]>>;

/** Records of an object that are not in the recycle bin; none where the org has no such object. */
export function living(rows: CompanyRows, object: string): readonly VendorRow[] {
  return everything(rows, object).filter((row) => !flag(row, "IsDeleted"));
}

export function everything(rows: CompanyRows, object: string): readonly VendorRow[] {
  return rows[object] ?? [];
}

/** A text without blanks around it; null where there is none. */
export function text(row: VendorRow, field: string): string | null {
  const value = row[field];
  if (typeof value !== "string") return null;
  return value.trim() === "" ? null : value.trim();
}

/** @throws TypeError where the field is empty */
export function must(row: VendorRow, field: string): string {
  const value = text(row, field);
  if (value === null) throw new TypeError(`the oracle needs ${field} of ${String(row["Id"])}`);
  return value;
}

export function flag(row: VendorRow, field: string): boolean {
  return row[field] === true;
}

export function amount(row: VendorRow, field: string): number | null {
  const value = row[field];
  return typeof value === "number" ? value : null;
}

/** An instant in milliseconds, UTC. */
export function instant(row: VendorRow, field: string): number | null {
  const value = text(row, field);
  return value === null ? null : Date.parse(value);
}

/** @throws TypeError where the field is empty */
export function mustInstant(row: VendorRow, field: string): number {
  return Date.parse(must(row, field));
}

export function byId(rows: readonly VendorRow[]): ReadonlyMap<string, VendorRow> {
  return new Map(rows.map((row) => [must(row, "Id"), row]));
}

/** Lists by key, in the order given. */
export function groupBy<T>(items: Iterable<T>, key: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    if (name === null) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
