import { createHash } from "node:crypto";
import { CsvError, parse } from "csv-parse/sync";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import { salesforceId } from "../core/ids.ts";
import type { Settings } from "../core/settings.ts";
import type { Database, Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { stagingSelect } from "./models.ts";

/** Columns of a cost file, in any order; `date` and `kind` are needed, blank cells are as if the column were absent. */
const LEDGER_COLUMNS = [
  "id",
  "date",
  "kind",
  "campaign",
  "program",
  "amount",
  "currency",
  "hours",
  "rate",
  "note_id",
] as const;

type Column = (typeof LEDGER_COLUMNS)[number];
type Cells = Readonly<Record<Column, string>>;

/** A line of the file: its number (the header is line 1) and its cells, trimmed; a column the file lacks is blank. */
interface Line {
  readonly number: number;
  readonly cells: Cells;
}

/** An entry as it is stored. Amounts are decimal text: TypeScript never calculates with money. */
interface Entry {
  readonly id: string;
  /** `YYYY-MM-DD` in the workspace's zone. */
  readonly date: string;
  readonly kind: "program" | "operations" | "labour";
  readonly campaignId: string | null;
  readonly program: string | null;
  /** Null for labour by hours and rate. */
  readonly amount: string | null;
  readonly currency: string | null;
  readonly hours: string | null;
  readonly rate: string | null;
  readonly noteId: string | null;
}

export interface CostImport {
  readonly entries: number;
  readonly added: number;
  readonly replaced: number;
  readonly unchanged: number;
  /** `YYYY-MM-DD`; null for a file without entries. */
  readonly firstDate: string | null;
  readonly lastDate: string | null;
}

/** What the entries are checked against, as the mirror holds it now. */
interface Org {
  readonly campaignIds: ReadonlySet<string>;
  readonly idsByName: ReadonlyMap<string, readonly string[]>;
  /** ISO codes that can be converted. */
  readonly currencies: ReadonlySet<string>;
}

/**
 * Takes a file of dated costs into the ledger: every line, or none. An entry whose id is there already is replaced; a
 * line without an id is known by its content, so reading a file twice changes nothing.
 * @param file its name, for messages
 * @throws ConfigError naming file and line of each cell that is wrong (the first twenty), the reason and what to write
 */
export async function importCosts(
  db: Database,
  settings: Settings,
  { file, text }: { readonly file: string; readonly text: string },
): Promise<CostImport> {
  const lines = readLines(file, text);
  const org = await readOrg(db, settings);
  const problems: string[] = [];
  const entries: Entry[] = [];
  const seen = new Map<string, number>();
  for (const line of lines) {
    const read = readEntry(line, org, seen);
    if ("problem" in read) problems.push(`${file}:${line.number}: ${read.problem}`);
    else entries.push(read.entry);
  }
  if (problems.length > 0) {
    const shown = problems.slice(0, MOST_PROBLEMS);
    const more = problems.length - shown.length;
    throw new ConfigError(
      [
        ...shown,
        ...(more > 0 ? [`and ${more} more lines`] : []),
        "Nothing was imported; correct the lines and import the file again.",
      ].join("\n"),
    );
  }
  return store(db, settings, entries);
}

const MOST_PROBLEMS = 20;

/** Every record of today's mirror was there by then. */
const END_OF_TIME = new Date("9999-01-01T00:00:00Z");

const parsedRow = z.object({
  record: z.record(z.string(), z.string()),
  info: z.object({ lines: z.number() }),
});

function readLines(file: string, text: string): readonly Line[] {
  const header = text.slice(0, text.indexOf("\n") < 0 ? undefined : text.indexOf("\n"));
  let found: unknown;
  try {
    found = parse(text, {
      bom: true,
      // Spreadsheets of countries with a decimal comma write semicolons.
      delimiter: header.includes(";") && !header.includes(",") ? ";" : ",",
      columns: (names: readonly string[]) => checkHeader(file, names),
      info: true,
      skip_empty_lines: true,
      trim: true,
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line: unknown = Reflect.get(error, "lines");
    throw new ConfigError(
      `${file}:${typeof line === "number" ? line : 1}: not a CSV file (${error.code}): each line needs as many cells as ` +
        "the first, and a cell with a comma or a quote in it stands in quotes. Nothing was imported.",
      { cause: error },
    );
  }
  return z
    .array(parsedRow)
    .parse(found)
    .map(({ record, info }) => ({ number: info.lines, cells: cellsOf(record) }));
}

function checkHeader(file: string, names: readonly string[]): string[] {
  const columns = names.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, "_"),
  );
  const known: readonly string[] = LEDGER_COLUMNS;
  const unknown = columns.filter((name) => !known.includes(name));
  const missing = ["date", "kind"].filter((name) => !columns.includes(name));
  const twice = columns.filter((name, index) => columns.indexOf(name) !== index);
  const complaint =
    unknown.length > 0
      ? `unknown column ${unknown.map((name) => JSON.stringify(name)).join(", ")}`
      : missing.length > 0
        ? `no column ${missing.join(", ")}`
        : twice.length > 0
          ? `column ${twice.join(", ")} stands there twice`
          : null;
  if (complaint !== null) {
    throw new ConfigError(
      `${file}:1: ${complaint}; the first line names columns out of ${LEDGER_COLUMNS.join(", ")}. Nothing was imported.`,
    );
  }
  return columns;
}

function cellsOf(record: Readonly<Record<string, string>>): Cells {
  const of = (name: Column): string => record[name] ?? "";
  return {
    id: of("id"),
    date: of("date"),
    kind: of("kind"),
    campaign: of("campaign"),
    program: of("program"),
    amount: of("amount"),
    currency: of("currency"),
    hours: of("hours"),
    rate: of("rate"),
    note_id: of("note_id"),
  };
}

const LONGEST_TEXT = 200;
const decimal = /^-?\d{1,12}(\.\d{1,6})?$/;
const isoDate = z.iso.date();
const kinds = z.enum(["program", "operations", "labour"]);

/** @param seen ids of the lines before, with their line number; this line's is added */
function readEntry(
  { number, cells }: Line,
  org: Org,
  seen: Map<string, number>,
): { readonly entry: Entry } | { readonly problem: string } {
  const tooLong = (["id", "program", "note_id"] as const).find((name) => cells[name].length > LONGEST_TEXT);
  if (tooLong !== undefined) {
    return { problem: `${tooLong} has more than ${LONGEST_TEXT} characters; shorten it` };
  }
  if (!isoDate.safeParse(cells.date).success) {
    return { problem: `date ${JSON.stringify(cells.date)} is no date; write it like 2026-03-31` };
  }
  const kind = kinds.safeParse(cells.kind.toLowerCase() === "labor" ? "labour" : cells.kind.toLowerCase());
  if (!kind.success) {
    return {
      problem: `kind ${JSON.stringify(cells.kind)} is none; write program, operations or labour`,
    };
  }
  const moneyProblem = checkMoney(cells, kind.data, org);
  if (moneyProblem !== null) return { problem: moneyProblem };
  const place = findPlace(cells, kind.data, org);
  if ("problem" in place) return place;
  const blank = (text: string): string | null => (text === "" ? null : text);
  const content = {
    date: cells.date,
    kind: kind.data,
    campaignId: place.campaignId,
    program: blank(cells.program),
    amount: blank(cells.amount),
    currency: blank(cells.currency.toUpperCase()),
    hours: blank(cells.hours),
    rate: blank(cells.rate),
    noteId: blank(cells.note_id),
  };
  const id = cells.id === "" ? idOfContent(content, seen) : cells.id;
  const before = seen.get(id);
  if (before !== undefined) {
    return { problem: `id ${JSON.stringify(id)} stands in line ${before} already; give each line its own` };
  }
  seen.set(id, number);
  return { entry: { id, ...content } };
}

/** The same line once more in one file is another entry: two equal invoices of one day are two costs. */
function idOfContent(content: Omit<Entry, "id">, seen: ReadonlyMap<string, number>): string {
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 32);
  let times = 1;
  while (seen.has(`line-${digest}-${times}`)) times += 1;
  return `line-${digest}-${times}`;
}

function checkMoney(cells: Cells, kind: Entry["kind"], org: Org): string | null {
  const numbers = (["amount", "hours", "rate"] as const).filter((name) => cells[name] !== "");
  const wrong = numbers.find((name) => !decimal.test(cells[name]));
  if (wrong !== undefined) {
    return `${wrong} ${JSON.stringify(cells[wrong])} is no number; write it like 1234.50, without thousands separators`;
  }
  const hasWork = cells.hours !== "" || cells.rate !== "";
  if (hasWork && kind !== "labour") return `hours and rate belong to labour; give an amount, or kind labour`;
  if (hasWork && cells.amount !== "") return "give an amount, or hours and rate, not both";
  if (hasWork && (cells.hours === "" || cells.rate === ""))
    return "hours need a rate, and a rate needs hours";
  if (!hasWork && cells.amount === "") {
    return kind === "labour" ? "no money: give hours and rate, or an amount" : "no amount";
  }
  const currency = cells.currency.toUpperCase();
  if (currency !== "" && !org.currencies.has(currency)) {
    return (
      `currency ${JSON.stringify(cells.currency)} cannot be converted; known are ${[...org.currencies].join(", ") || "none"}. ` +
      "Leave it blank for the workspace's, or add it to the org and sync"
    );
  }
  return null;
}

function findPlace(
  cells: Cells,
  kind: Entry["kind"],
  org: Org,
): { readonly campaignId: string | null } | { readonly problem: string } {
  if (cells.campaign !== "" && cells.program !== "") {
    return { problem: "give a campaign of the CRM or a program that is none, not both" };
  }
  if (cells.campaign === "") {
    if (kind === "program" && cells.program === "") {
      return { problem: "a program's cost needs a campaign (id or name), or a program's name" };
    }
    return { campaignId: null };
  }
  const id = /^701[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$/.test(cells.campaign)
    ? salesforceId(cells.campaign)
    : cells.campaign;
  if (org.campaignIds.has(id)) return { campaignId: id };
  const named = org.idsByName.get(cells.campaign.toLowerCase()) ?? [];
  const [only] = named;
  if (only === undefined) {
    return {
      problem:
        `there is no campaign ${JSON.stringify(cells.campaign)}; give its id or its exact name, run \`ripeline sync\` if it ` +
        "is new, or put the name under program if it is none of the CRM's",
    };
  }
  if (named.length > 1) {
    return {
      problem: `${named.length} campaigns are called ${JSON.stringify(cells.campaign)}; give the id: ${named.join(", ")}`,
    };
  }
  return { campaignId: only };
}

const campaignRow = z.object({ id: z.string(), name: z.string().nullable() });
const currencyRow = z.object({ code: z.string(), is_corporate: z.boolean() });

/** Campaigns and currencies of all connections, as the mirror holds them now. */
async function readOrg(db: Queries, settings: Settings): Promise<Org> {
  const campaigns: z.infer<typeof campaignRow>[] = [];
  const currencies: z.infer<typeof currencyRow>[] = [];
  for (const { id, crm } of settings.connections) {
    const present = (table: "stg_campaign" | "stg_currency") =>
      stagingSelect(crm, table)?.bind(settings.workspace.id, id, END_OF_TIME);
    const someCampaigns = present("stg_campaign");
    if (someCampaigns !== undefined) {
      campaigns.push(
        ...(await db.any(
          campaignRow,
          sql`select campaign_id as id, name from (${someCampaigns}) as campaign order by campaign_id`,
        )),
      );
    }
    const someCurrencies = present("stg_currency");
    if (someCurrencies !== undefined) {
      currencies.push(
        ...(await db.any(
          currencyRow,
          sql`select code, is_corporate from (${someCurrencies}) as currency where rate > 0 and not is_dated order by 1`,
        )),
      );
    }
  }
  const own = settings.workspace.currency ?? currencies.find((each) => each.is_corporate)?.code;
  return {
    campaignIds: new Set(campaigns.map(({ id }) => id)),
    idsByName: new Map(
      [...Map.groupBy(campaigns, ({ name }) => (name ?? "").trim().toLowerCase())].map(([name, same]) => [
        name,
        same.map(({ id }) => id),
      ]),
    ),
    currencies: new Set([...(own === undefined ? [] : [own]), ...currencies.map(({ code }) => code)]),
  };
}

const stored = z.object({ added: z.number(), replaced: z.number() });

/** One statement: all of the entries, or none. */
async function store(db: Database, settings: Settings, entries: readonly Entry[]): Promise<CostImport> {
  const column = (of: (entry: Entry) => string | null): readonly (string | null)[] => entries.map(of);
  const { added, replaced } = await db.one(
    stored,
    sql`
      with incoming as (
        select *
        from unnest(
          ${column((entry) => entry.id)}::text[],
          ${column((entry) => entry.date)}::date[],
          ${column((entry) => entry.kind)}::text[],
          ${column((entry) => entry.campaignId)}::text[],
          ${column((entry) => entry.program)}::text[],
          ${column((entry) => entry.amount)}::numeric[],
          ${column((entry) => entry.currency)}::text[],
          ${column((entry) => entry.hours)}::numeric[],
          ${column((entry) => entry.rate)}::numeric[],
          ${column((entry) => entry.noteId)}::text[]
        ) as entry (entry_id, entry_on, kind, campaign_id, program, amount, currency_code, hours, rate, note_id)
      ),
      written as (
        insert into ripeline.cost_ledger as ledger (
          workspace_id, connection_id, entry_id, entry_on, kind, campaign_id, program, amount, currency_code, hours, rate,
          note_id
        )
        select ${settings.workspace.id}, ${settings.connectionId}, entry_id, entry_on, kind, campaign_id, program,
          coalesce(amount, hours * rate), currency_code, hours, rate, note_id
        from incoming
        on conflict (workspace_id, connection_id, entry_id) do update set
          entry_on = excluded.entry_on, kind = excluded.kind, campaign_id = excluded.campaign_id,
          program = excluded.program, amount = excluded.amount, currency_code = excluded.currency_code,
          hours = excluded.hours, rate = excluded.rate, note_id = excluded.note_id
        where (
          ledger.entry_on, ledger.kind, ledger.campaign_id, ledger.program, ledger.amount, ledger.currency_code,
          ledger.hours, ledger.rate, ledger.note_id
        ) is distinct from (
          excluded.entry_on, excluded.kind, excluded.campaign_id, excluded.program, excluded.amount,
          excluded.currency_code, excluded.hours, excluded.rate, excluded.note_id
        )
        -- xmax is 0 in a row that was not there before.
        returning (ledger.xmax = 0) as is_new
      )
      select count(*) filter (where is_new)::integer as added, count(*) filter (where not is_new)::integer as replaced
      from written`,
  );
  const dates = entries.map((entry) => entry.date).toSorted();
  return {
    entries: entries.length,
    added,
    replaced,
    unchanged: entries.length - added - replaced,
    firstDate: dates[0] ?? null,
    lastDate: dates.at(-1) ?? null,
  };
}
