import { type Clock, DAY_MS } from "../../../../core/time.ts";
import { type QueryResult, VendorError } from "../../org.ts";
import { vendorId } from "../vendor-text.ts";

/** How long the vendor keeps a cursor. */
const CURSOR_LIFE_MS = 2 * DAY_MS;

export interface QueryCursor {
  readonly id: string;
  readonly result: QueryResult;
  readonly pageRows: number;
  readonly openedAt: number;
}

/** Open query results, found again by locator `<18-character id>-<offset>`. There is no limit on their number. */
export interface QueryCursors {
  open(result: QueryResult, pageRows: number, prefix: "0r8" | "01g"): QueryCursor;
  /** @throws VendorError INVALID_QUERY_LOCATOR */
  find(locator: string): { readonly cursor: QueryCursor; readonly offset: number };
  clear(): void;
}

const badLocator = () => new VendorError(400, "INVALID_QUERY_LOCATOR", "invalid query locator");

export function createQueryCursors(clock: Clock): QueryCursors {
  const cursors = new Map<string, QueryCursor>();
  let opened = 0;
  const isExpired = (cursor: QueryCursor) => clock.now().getTime() - cursor.openedAt > CURSOR_LIFE_MS;
  return {
    open: (result, pageRows, prefix) => {
      // Oldest first, so the sweep ends at the first living one.
      for (const [id, cursor] of cursors) {
        if (!isExpired(cursor)) break;
        cursors.delete(id);
      }
      opened += 1;
      const cursor = {
        id: vendorId(prefix, opened),
        result,
        pageRows,
        openedAt: clock.now().getTime(),
      };
      cursors.set(cursor.id, cursor);
      return cursor;
    },
    find: (locator) => {
      const [, id = "", digits = ""] = /^(\w{18})-(\d+)$/.exec(locator) ?? [];
      const cursor = cursors.get(id);
      const offset = Number(digits);
      if (cursor === undefined || isExpired(cursor) || offset >= cursor.result.totalSize) throw badLocator();
      return { cursor, offset };
    },
    clear: () => cursors.clear(),
  };
}
