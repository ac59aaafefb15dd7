import { jsonAnswer } from "../../../server/answer.ts";
import { type Call, dataPath, param, type WireContext } from "../call.ts";
import { stampedAnswer } from "./metadata-stamp.ts";

const FIRST_VERSION = 50;
const LAST_VERSION = 67;

const SEASONS = ["Winter", "Spring", "Summer"] as const;

/** API 50.0 came with Winter '21; three releases a year since. */
function releaseLabel(version: number): string {
  const releases = version - FIRST_VERSION;
  const year = 21 + Math.floor(releases / 3);
  return `${SEASONS[releases % 3]} '${year}`;
}

/** True for `50.0` to `67.0`. */
export function isKnownVersion(version: string): boolean {
  const number = Number(version);
  return /^\d+\.0$/.test(version) && number >= FIRST_VERSION && number <= LAST_VERSION;
}

export const versions = () =>
  jsonAnswer(
    200,
    Array.from({ length: LAST_VERSION - FIRST_VERSION + 1 }, (_, index) => ({
      label: releaseLabel(FIRST_VERSION + index),
      url: `/services/data/v${FIRST_VERSION + index}.0`,
      version: `${FIRST_VERSION + index}.0`,
    })),
  );

/** Addresses that answer; the vendor also lists roots (tooling, metadata, jobs) that only have something below them here. */
export function resources(context: WireContext, call: Call) {
  const base = dataPath(call);
  return jsonAnswer(200, {
    composite: `${base}/composite`,
    queryAll: `${base}/queryAll`,
    query: `${base}/query`,
    limits: `${base}/limits`,
    identity: `${context.url}/id/${context.org.organizationId}/${call.session.userId}`,
    sobjects: `${base}/sobjects`,
  });
}

function withUrls(call: Call, description: Record<string, unknown>): Record<string, unknown> {
  if (description["urls"] !== undefined) return description;
  const base = `${dataPath(call)}/sobjects/${String(description["name"])}`;
  return {
    ...description,
    urls: { rowTemplate: `${base}/{ID}`, describe: `${base}/describe`, sobject: base },
  };
}

export const describeGlobal = (context: WireContext, call: Call) =>
  stampedAnswer(context, call, () => ({
    encoding: "UTF-8",
    maxBatchSize: 200,
    sobjects: context.org.describeGlobal(call.session).map((entry) => withUrls(call, entry)),
  }));

export const describeObject = (context: WireContext, call: Call) =>
  stampedAnswer(context, call, () =>
    withUrls(call, context.org.describe(call.session, param(call, "object"))),
  );

/** The object's entry of describe global. */
export const objectInfo = (context: WireContext, call: Call) =>
  stampedAnswer(context, call, () => {
    const { name } = context.org.describe(call.session, param(call, "object"));
    const entry = context.org.describeGlobal(call.session).find((one) => one["name"] === name);
    return { objectDescribe: entry === undefined ? null : withUrls(call, entry), recentItems: [] };
  });
