import type { CrmName } from "../core/errors.ts";
import type { AuditLine, AuditList, AuditQuery } from "../writeback/audit.ts";
import type { Parts } from "./parts.ts";

/** One connection's part of an answer. */
export type OfConnection<T> = T & { readonly id: string; readonly crm: CrmName };

/** What a command answers: the first connection's, as where there is no other, and under `connections` each one's. */
export type PerConnection<T> = T & { readonly connections: readonly OfConnection<T>[] };

/** Asks every connection in turn, in their order. @throws what the first that throws does */
export async function perConnection<T extends object>(
  connections: readonly Parts[],
  ask: (parts: Parts) => Promise<T>,
): Promise<PerConnection<T>> {
  const answers: OfConnection<T>[] = [];
  for (const parts of connections) {
    answers.push({ id: parts.key.connectionId, crm: parts.crm, ...(await ask(parts)) });
  }
  const [first] = answers;
  if (first === undefined) throw new RangeError("a workspace without a connection");
  return { ...first, connections: answers };
}

/** Writes of all connections, newest first; the limit is of all of them together. */
export async function mergeAudits(
  query: AuditQuery,
  connections: readonly Parts[],
  read: (parts: Parts) => Promise<AuditList>,
): Promise<AuditList> {
  const lists = await Promise.all(connections.map(read));
  const [only, ...others] = lists;
  if (only !== undefined && others.length === 0) return only;
  const writes = lists
    .flatMap(({ lines }) => writesOf(lines))
    .toSorted(([a], [b]) => (b?.at ?? "").localeCompare(a?.at ?? ""));
  const kept = writes.slice(0, query.limit);
  const found = lists.reduce((sum, list) => sum + list.writes + list.more, 0);
  return { lines: kept.flat(), writes: kept.length, more: found - kept.length };
}

/** Lines of one record in one run stand together. */
function writesOf(lines: readonly AuditLine[]): readonly (readonly AuditLine[])[] {
  const writes: AuditLine[][] = [];
  for (const line of lines) {
    const last = writes.at(-1);
    const before = last?.at(-1);
    const isSame =
      before?.runId === line.runId && before.object === line.object && before.recordId === line.recordId;
    if (isSame && last !== undefined) last.push(line);
    else writes.push([line]);
  }
  return writes;
}
