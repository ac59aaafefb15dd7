import nock from "nock";
import { z } from "zod";
import { connectSalesforce } from "../../../connectors/salesforce/connect.ts";
import type { SalesforceOptions } from "../../../connectors/salesforce/connect-options.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import type { Connection, Page, PageSink, StreamSpec } from "../../../src/core/ports.ts";

export const HOST = "https://acme.my.salesforce.com";
export const ROOT = "/services/data/v67.0";
export const DATE = "Sat, 21 Nov 2026 10:00:00 GMT";
export const headers = { Date: DATE, "Content-Type": "application/json;charset=UTF-8" };

/** Sleeps nothing and remembers what it was asked for. */
export function instantPacing(): {
  sleep(ms: number): Promise<void>;
  random(): number;
  readonly slept: number[];
} {
  const slept: number[] = [];
  return {
    slept,
    random: () => 1,
    sleep: (ms) => {
      slept.push(ms);
      return Promise.resolve();
    },
  };
}

export async function connect(options: Partial<SalesforceOptions> = {}): Promise<Connection> {
  return await connectSalesforce({
    instanceUrl: HOST,
    accessToken: "00D000000000001EAA!ready",
    apiVersion: "67.0",
    log: silentLog,
    pacing: instantPacing(),
    ...options,
  });
}

const CompositeBody = z.object({
  compositeRequest: z.array(
    z.object({
      method: z.string(),
      url: z.string(),
      referenceId: z.string(),
      httpHeaders: z.record(z.string(), z.string()).optional(),
      body: z
        .object({ allOrNone: z.boolean(), records: z.array(z.record(z.string(), z.unknown())) })
        .optional(),
    }),
  ),
});

export type CompositePart = z.infer<typeof CompositeBody>["compositeRequest"][number];

/** One expected Composite call; `answer` is asked part by part. @returns the parts that came */
export function onComposite(
  answer: (part: CompositePart) => {
    readonly status?: number;
    readonly body: unknown;
    readonly headers?: Record<string, string>;
  },
): CompositePart[] {
  const seen: CompositePart[] = [];
  nock(HOST)
    .post(`${ROOT}/composite`)
    .reply(
      200,
      async (request: Request) => {
        const { compositeRequest } = CompositeBody.parse(await request.json());
        seen.push(...compositeRequest);
        return {
          compositeResponse: compositeRequest.map((part) => {
            const { status, body: reply, headers: partHeaders } = answer(part);
            return {
              referenceId: part.referenceId,
              httpStatusCode: status ?? 200,
              httpHeaders: partHeaders ?? {},
              body: reply,
            };
          }),
        };
      },
      headers,
    );
  return seen;
}

/** The SOQL of a query part. */
export function soqlOf(part: CompositePart): string {
  return new URL(part.url, HOST).searchParams.get("q") ?? "";
}

export function queryBody(
  records: readonly Record<string, unknown>[],
  total = records.length,
  next?: string,
): unknown {
  return {
    totalSize: total,
    done: next === undefined,
    ...(next === undefined ? {} : { nextRecordsUrl: next }),
    records,
  };
}

export function vendorError(errorCode: string, message: string): unknown {
  return [{ message, errorCode }];
}

/** A stream of three columns, enough for what the wire can do. */
export function testStream(object: string, change: Partial<StreamSpec> = {}): StreamSpec {
  return {
    name: `salesforce.${object}`,
    crm: "salesforce",
    object,
    table: `salesforce_${object.toLowerCase()}`,
    fields: [
      { name: "Id", type: "text", need: "required" },
      { name: "Status", type: "text", need: "required" },
      { name: "SystemModstamp", type: "timestamptz", need: "required" },
    ],
    cursor: "SystemModstamp",
    overlapMinutes: 10,
    cadence: "fast",
    ...change,
  };
}

export interface TakenPage extends Omit<Page, "csv"> {
  readonly csv: string;
}

/** A sink that keeps what it was given and refuses a page whose row count is not the announced one. */
export function collectingSink(): PageSink & { readonly pages: TakenPage[] } {
  const pages: TakenPage[] = [];
  return {
    pages,
    async accept(page) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of page.csv) chunks.push(chunk);
      pages.push({ ...page, csv: Buffer.concat(chunks).toString("utf8") });
      return { rows: page.expectedRows };
    },
  };
}

/** The thrown value, for tests that look at class and message both. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("expected a failure, but the call succeeded");
}
