/** What the index still says of a record that has changed since; null where the record was not there yet. */
interface Stale {
  readonly until: number;
  readonly values: ReadonlyMap<string, string> | null;
}

/** The search index behind the records: it may lag, and shows records as they were until it has caught up. */
export class SearchIndex {
  private readonly byType = new Map<string, Map<number, Stale>>();

  /** Told before a change; the first one's picture stays until the index catches up. */
  note(
    typeId: string,
    row: number,
    now: number,
    lagMs: number,
    picture: () => ReadonlyMap<string, string> | null,
  ): void {
    if (lagMs <= 0) return;
    const rows = this.byType.get(typeId) ?? new Map<number, Stale>();
    this.byType.set(typeId, rows);
    const known = rows.get(row);
    if (known !== undefined && known.until > now) rows.set(row, { ...known, until: now + lagMs });
    else rows.set(row, { until: now + lagMs, values: picture() });
  }
  /** Rows the index is behind on. */
  stale(typeId: string, now: number): ReadonlyMap<number, Stale> {
    const rows = this.byType.get(typeId);
    if (rows === undefined) return new Map();
    for (const [row, { until }] of rows) if (until <= now) rows.delete(row);
    return rows;
  }
  clear(): void {
    this.byType.clear();
  }
}
