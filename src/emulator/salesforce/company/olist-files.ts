import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { z } from "zod";

export const LEADS_FILE = "olist_marketing_qualified_leads_dataset.csv";
export const DEALS_FILE = "olist_closed_deals_dataset.csv";

/** The data directory is not what the loader needs: which file, what is wrong, what to do. */
export class OlistDataError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OlistDataError";
  }
}

const key = z.string().regex(/^[0-9a-f]{32}$/, "expected 32 hexadecimal digits");

const LeadLine = z.object({
  mql_id: key,
  first_contact_date: z.string().regex(/^\d{2}-\d{2}-\d{4}$/, "expected a date DD-MM-YYYY"),
  landing_page_id: key,
  origin: z.string(),
});
const DealLine = z.object({
  mql_id: key,
  seller_id: key,
  sdr_id: key,
  sr_id: key,
  won_date: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/, "expected an instant YYYY-MM-DD HH:MM:SS"),
});

export interface OlistLead {
  readonly mqlId: string;
  /** Midnight UTC of the first contact date, in milliseconds. */
  readonly contactedAt: number;
  readonly landingPageId: string;
  /** Null where the file is blank; "unknown" is a value like others. */
  readonly origin: string | null;
}

export interface OlistDeal {
  readonly mqlId: string;
  readonly sellerId: string;
  readonly sdrId: string;
  readonly srId: string;
  /** Milliseconds, UTC. */
  readonly wonAt: number;
}

const ADVICE =
  'Download "Marketing Funnel by Olist" (two CSV files) and pass the folder that holds them with --data.';

function readLines<T>(directory: string, file: string, shape: z.ZodObject & z.ZodType<T>): readonly T[] {
  const path = join(directory, file);
  if (!existsSync(directory)) {
    throw new OlistDataError(`The data folder ${directory} does not exist. ${ADVICE}`);
  }
  if (!existsSync(path)) {
    throw new OlistDataError(`The data folder ${directory} has no file ${file}. ${ADVICE}`);
  }
  let records: unknown;
  try {
    records = parse(readFileSync(path), { columns: true, bom: true, skip_empty_lines: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OlistDataError(`${path} is not a readable CSV file: ${reason}. ${ADVICE}`, { cause });
  }
  const lines = z.array(z.record(z.string(), z.string())).parse(records);
  const columns = Object.keys(lines[0] ?? {});
  const missing = Object.keys(shape.shape).filter((column) => !columns.includes(column));
  if (missing.length > 0) {
    throw new OlistDataError(
      `${path} lacks the column ${missing.join(", ")} (found: ${columns.join(", ") || "none"}). ${ADVICE}`,
    );
  }
  return lines.map((line, index) => {
    const read = shape.safeParse(line);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw new OlistDataError(
        `${path}, record ${index + 1}: ${issue?.path.join(".") ?? "line"} is wrong, ${issue?.message ?? "unreadable"}. ` +
          "Correct the record or fetch the file again.",
      );
    }
    return read.data;
  });
}

function midnight(date: string): number {
  const [day, month, year] = date.split("-").map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1);
}

/**
 * Both files of the funnel, in file order.
 * @throws OlistDataError naming file, record, reason and what to do
 */
export function readOlist(directory: string): {
  readonly leads: readonly OlistLead[];
  readonly deals: readonly OlistDeal[];
} {
  const leads = readLines(directory, LEADS_FILE, LeadLine).map((line) => ({
    mqlId: line.mql_id,
    contactedAt: midnight(line.first_contact_date),
    landingPageId: line.landing_page_id,
    origin: line.origin === "" ? null : line.origin,
  }));
  const deals = readLines(directory, DEALS_FILE, DealLine).map((line) => ({
    mqlId: line.mql_id,
    sellerId: line.seller_id,
    sdrId: line.sdr_id,
    srId: line.sr_id,
    wonAt: Date.parse(`${line.won_date.replace(" ", "T")}Z`),
  }));
  return { leads, deals };
}
