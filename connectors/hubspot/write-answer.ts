import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import { redact } from "../shared/redact.ts";
import { issue } from "./record-page.ts";

const text = z.string().optional().catch(undefined);
const texts = z.array(z.union([z.string(), z.number().transform(String)])).catch([]);

const Problem = z.looseObject({
  category: text,
  subCategory: text,
  message: text,
  context: z
    .looseObject({ ids: texts.optional(), objectWriteTraceId: texts.optional() })
    .optional()
    .catch(undefined),
  errors: z
    .array(
      z.looseObject({
        code: text,
        message: text,
        context: z.looseObject({ propertyName: texts.optional() }).optional().catch(undefined),
      }),
    )
    .optional()
    .catch(undefined),
});
type Problem = z.infer<typeof Problem>;

const Answer = z.looseObject({
  results: z.array(
    z.looseObject({
      id: z.union([z.string(), z.number().transform(String)]),
      properties: z.record(z.string(), z.string().nullable()).optional(),
      objectWriteTraceId: text,
      new: z.boolean().optional(),
    }),
  ),
  errors: z.array(Problem).default([]),
});

/** What HubSpot says against one or more inputs. */
export interface RowProblem {
  /** Its code for the property, else its category. */
  readonly code: string;
  /** HubSpot's words. */
  readonly message: string;
  /** Keys or ids of the inputs that it names; empty where it names none. */
  readonly names: ReadonlySet<string>;
  /** Properties that the portal does not have. */
  readonly missingProperties: readonly string[];
}

export interface RowResult {
  readonly id: string;
  readonly isNew: boolean;
  readonly traceId: string | undefined;
  readonly properties: Readonly<Record<string, string | null>>;
}

export const PROPERTY_IS_MISSING = "PROPERTY_DOESNT_EXIST";

function problemOf(problem: Problem, fallback: string): RowProblem {
  const { category, subCategory, message, context, errors = [] } = problem;
  const isMissing = errors.filter(({ code }) => code === PROPERTY_IS_MISSING);
  return {
    code: errors.find(({ code }) => code !== undefined)?.code ?? category ?? subCategory ?? fallback,
    message: redact(message ?? ""),
    names: new Set([...(context?.objectWriteTraceId ?? []), ...(context?.ids ?? [])]),
    missingProperties: isMissing.flatMap((error) => error.context?.propertyName ?? []),
  };
}

/** A body that HubSpot answers with when it takes nothing of a batch. */
export function readRefusal(body: unknown, status: number): RowProblem {
  const parsed = Problem.safeParse(body);
  return problemOf(parsed.success ? parsed.data : {}, `HTTP_${status}`);
}

/**
 * What a batch of writes brought, whole or in part. Results come in no order to rely on, and inputs may be missing from
 * both lists.
 * @throws WireShapeError when it is no answer to a batch
 */
export function readWritten(
  body: unknown,
  step: string,
): { readonly results: readonly RowResult[]; readonly problems: readonly RowProblem[] } {
  const parsed = Answer.safeParse(body);
  if (!parsed.success) {
    throw new WireShapeError("hubspot", `${step}: the answer is no batch (${issue(parsed.error)}).`);
  }
  return {
    results: parsed.data.results.map((result) => ({
      id: result.id,
      isNew: result.new ?? false,
      traceId: result.objectWriteTraceId,
      properties: result.properties ?? {},
    })),
    problems: parsed.data.errors.map((problem) => problemOf(problem, "HTTP_207")),
  };
}
