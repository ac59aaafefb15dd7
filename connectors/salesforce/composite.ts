import { z } from "zod";
import { QuotaExhaustedError, WireShapeError } from "../../src/core/errors.ts";
import type { HttpMethod } from "../shared/http.ts";
import type { CallPurpose } from "../shared/rate-governor.ts";
import type { Session } from "./session.ts";
import { type RefusalContext, refusal } from "./vendor-error.ts";
import { harmlessWriteHeaders } from "./write-guard.ts";

/** Subrequests in one call, and how many of them may be queries or collections. */
export const COMPOSITE_PARTS = 25;
export const COMPOSITE_QUERIES = 5;

export interface Part {
  readonly method: HttpMethod;
  /** From `/services` on. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface PartAnswer {
  readonly status: number;
  /** As the vendor writes them; a value may be anything. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface CompositeAnswer {
  /** In the order of the parts. */
  readonly parts: readonly PartAnswer[];
  readonly date: Date;
  readonly calls: number;
  /** A part was refused since the org has no calls left; the governor knows. */
  readonly spent: QuotaExhaustedError | null;
}

const Answer = z.looseObject({
  compositeResponse: z.array(
    z.looseObject({
      referenceId: z.string(),
      httpStatusCode: z.number(),
      httpHeaders: z.record(z.string(), z.unknown()).default({}),
      body: z.unknown(),
    }),
  ),
});

/**
 * Sends up to 25 parts as one metered call. Parts stand alone: one that fails leaves the others, and they are not
 * collated, since a batch's size is chosen for the org's automation and must stay one transaction.
 * @throws WireShapeError when a part is not answered
 * @see https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-composite-post.html
 */
export async function sendComposite(
  session: Session,
  parts: readonly Part[],
  options: { readonly step: string; readonly purpose: CallPurpose },
): Promise<CompositeAnswer> {
  const hasWrites = parts.some((part) => part.method !== "GET");
  const answer = await session.call({
    method: "POST",
    path: "/composite",
    headers: hasWrites ? harmlessWriteHeaders : {},
    json: {
      allOrNone: false,
      collateSubrequests: false,
      compositeRequest: parts.map((part, index) => ({
        method: part.method,
        url: part.url,
        referenceId: `part${index}`,
        ...(part.headers === undefined ? {} : { httpHeaders: part.headers }),
        ...(part.body === undefined ? {} : { body: part.body }),
      })),
    },
    step: options.step,
    purpose: options.purpose,
    // Our writes set given values by Id or external id, so that a second sending changes nothing more.
    effect: "repeatable",
  });
  const parsed = Answer.safeParse(answer.body);
  if (!parsed.success)
    throw new WireShapeError("salesforce", `${options.step}: the answer is no Composite answer.`);
  const byReference = new Map(parsed.data.compositeResponse.map((part) => [part.referenceId, part]));
  const answered = parts.map((_, index): PartAnswer => {
    const part = byReference.get(`part${index}`);
    if (part === undefined) {
      throw new WireShapeError(
        "salesforce",
        `${options.step}: part ${index + 1} of ${parts.length} was not answered.`,
      );
    }
    return { status: part.httpStatusCode, headers: part.httpHeaders, body: part.body };
  });
  const spent = spentAmong(answered, { step: options.step, host: new URL(session.instanceUrl).host });
  if (spent !== null) session.noteQuotaRefused();
  return { parts: answered, date: answer.date, calls: answer.calls, spent };
}

function spentAmong(parts: readonly PartAnswer[], context: RefusalContext): QuotaExhaustedError | null {
  for (const { status, body } of parts) {
    const error = status === 403 ? refusal(status, body, context) : null;
    if (error instanceof QuotaExhaustedError) return error;
  }
  return null;
}
