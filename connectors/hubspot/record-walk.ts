import { ConnectorError, RequestRefusedError } from "../../src/core/errors.ts";
import type { PageSink } from "../../src/core/ports.ts";
import { readAssociations } from "./associations.ts";
import { batchRead } from "./batch-read.ts";
import type { Definitions } from "./definitions.ts";
import { deliver, type PullRun } from "./pull-run.ts";
import { historyRows, stageDateProperties, stageDateRows } from "./record-details.ts";
import { type HubspotRecord, type Row, recordRow } from "./record-page.ts";
import { type RecordType } from "./record-types.ts";
import { FIRST_ID, idPage, type RecordPage, searchPage, searchWindows } from "./search-pages.ts";
import { concernsWholeConnection, type Session } from "./session.ts";
import { propertiesOf } from "./streams.ts";

export interface WalkContext {
  readonly session: Session;
  readonly definitions: Definitions;
  readonly sink: PageSink;
  /** The portal's clock, as far as it is known. */
  now(): Date;
}

/** Runs that walk the same records from the same place, so that they share the search. */
export interface Walk {
  readonly type: RecordType;
  readonly runs: readonly PullRun[];
}

/** Runs that can share their searches: same type, same lower bound, same place. */
export function walksOf(runs: readonly PullRun[]): readonly Walk[] {
  const walks = new Map<string, { type: RecordType; runs: PullRun[] }>();
  for (const run of runs) {
    const { route, request, start } = run;
    if (!("type" in route) || route.kind === "archived") continue;
    const after = start?.route === "search" ? start.after : FIRST_ID;
    const key = [
      route.type,
      request.since?.toISOString() ?? "",
      request.stream.overlapMinutes,
      after,
      request.ids?.join(",") ?? "",
      start?.queriedAt.toISOString() ?? "",
    ].join("|");
    const walk = walks.get(key) ?? { type: route.type, runs: [] };
    walk.runs.push(run);
    walks.set(key, walk);
  }
  return [...walks.values()];
}

/**
 * Reads the records of a walk page by page and hands each run its rows of every page: the records, their history and stage
 * dates (by a read of the page's ids), their associations. A run that fails leaves the walk; the others go on.
 * @returns the failures
 * @throws what no other stream would fare better with: a refused token, a spent day, the sink's own errors
 */
export async function walkRecords(
  context: WalkContext,
  walk: Walk,
): Promise<readonly { readonly run: PullRun; readonly error: ConnectorError }[]> {
  const failures: { readonly run: PullRun; readonly error: ConnectorError }[] = [];
  const fail = (run: PullRun, error: unknown): void => {
    if (!(error instanceof ConnectorError) || concernsWholeConnection(error)) throw error;
    failures.push({ run, error });
  };
  let running = walk.runs;
  try {
    for await (const page of pagesOf(context, walk)) {
      const details = detailsOf(context, walk, page, running);
      for (const run of running) {
        try {
          const rows = await rowsOf(context, run, page, details);
          await deliver(run, context.sink, {
            rows,
            date: page.date,
            next: page.next === null ? null : { route: "search", after: page.next },
          });
        } catch (error) {
          fail(run, error);
        }
      }
      running = running.filter((run) => failures.every((failure) => failure.run !== run));
      if (running.length === 0) break;
    }
  } catch (error) {
    for (const run of running) fail(run, error);
  }
  return failures;
}

async function* pagesOf(context: WalkContext, { type, runs }: Walk): AsyncGenerator<RecordPage> {
  const { session } = context;
  const first = runs[0];
  if (first === undefined) return;
  const { request, start } = first;
  const records = runs.find(({ route }) => route.kind === "records");
  const properties = records === undefined ? [] : propertiesOf(records.request.fields);
  if (request.ids !== undefined) {
    const page = await idPage(session, { type, ids: request.ids, properties });
    first.calls += page.calls;
    yield page;
    return;
  }
  // A history's own cursor is the record's; streams of one type agree in it.
  const windows = searchWindows(type, {
    cursor: type === "contacts" ? "lastmodifieddate" : "hs_lastmodifieddate",
    since: request.since,
    overlapMinutes: request.stream.overlapMinutes,
    now: context.now(),
  });
  let after: string | null = start?.route === "search" ? start.after : FIRST_ID;
  while (after !== null) {
    const page: RecordPage = await searchPage(session, { type, properties, windows, after });
    first.calls += page.calls;
    yield page;
    after = page.next;
  }
}

/** The page's records with history and stage dates, read once for all runs that need them. */
type Details = (run: PullRun) => Promise<readonly HubspotRecord[]>;

function detailsOf(
  context: WalkContext,
  { type }: Walk,
  page: RecordPage,
  runs: readonly PullRun[],
): Details {
  const history = runs.flatMap(({ route }) => (route.kind === "history" ? route.properties : []));
  const needsStages = runs.some(({ route }) => route.kind === "stage-dates");
  let read: Promise<readonly HubspotRecord[]> | null = null;
  return (run) => {
    read ??= (async () => {
      const { session, definitions } = context;
      const names = await definitions.names(session, type);
      const found = await batchRead(
        session,
        type,
        page.records.map(({ id }) => id),
        {
          properties: needsStages ? stageDateProperties(names) : [],
          history: history.filter((name) => names.has(name)),
        },
      );
      run.calls += found.calls;
      return found.records;
    })();
    return read;
  };
}

async function rowsOf(
  context: WalkContext,
  run: PullRun,
  page: RecordPage,
  details: Details,
): Promise<readonly Row[]> {
  const { route, request } = run;
  const { records } = page;
  if (records.length === 0) return [];
  switch (route.kind) {
    case "records":
      await assertPropertiesCame(context, run, records);
      return records.map((record) => recordRow(record, request.fields));
    case "history":
      return (await details(run)).flatMap((record) => historyRows(record, route.properties));
    case "stage-dates":
      return (await details(run)).flatMap(stageDateRows);
    case "associations": {
      const rows: Row[] = [];
      const ids = records.map(({ id }) => id);
      for (const to of route.to) {
        // No row says that it is not known; a row without ids would say that there is nothing.
        if (!(await context.definitions.isVisible(context.session, to))) continue;
        const read = await readAssociations(context.session, route.type, to, ids);
        run.calls += read.calls;
        rows.push(...read.rows);
      }
      return rows;
    }
    case "archived":
    case "owners":
    case "pipelines":
    case "exchange-rates":
    case "campaigns":
    case "campaign-money":
    case "campaign-contacts":
    case "account":
      throw new RangeError(`${request.stream.name} is not read by walking records`);
  }
}

/**
 * An empty property comes as null, one that is unknown or hidden is left out. Where none of the records has one, it may have
 * been taken away since the last look: then the definitions are asked, since null would be a lie.
 * @throws RequestRefusedError INVALID_FIELD, upon which the fields are described anew
 */
async function assertPropertiesCame(
  { session, definitions }: WalkContext,
  run: PullRun,
  records: readonly HubspotRecord[],
): Promise<void> {
  const { route, request } = run;
  if (route.kind !== "records") return;
  const asked = propertiesOf(request.fields);
  const absent = asked.filter((name) => records.every(({ properties }) => !(name in properties)));
  if (absent.length === 0) return;
  definitions.forget();
  const names = await definitions.names(session, route.type);
  const gone = absent.find((name) => !names.has(name));
  if (gone === undefined) return;
  throw new RequestRefusedError(
    "hubspot",
    `The search for ${route.type} brought no ${gone}: the property is gone or hidden from the token. Sync again to read without it.`,
    200,
    "INVALID_FIELD",
  );
}
