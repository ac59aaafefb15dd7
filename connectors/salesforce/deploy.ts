import { zipSync } from "fflate";
import { z } from "zod";
import { ConfigError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import type { DeployReport, PackageFile } from "../../src/core/ports.ts";
import { redact } from "../shared/redact.ts";
import type { Session } from "./session.ts";

/** The API prints true or "true", depending on the version and the route. */
const statedFlag = z
  .union([z.boolean(), z.enum(["true", "false"])])
  .transform((value) => value === true || value === "true");
/** Left out where it is false. */
const flag = statedFlag.default(false);

const Message = z.looseObject({
  componentType: z.string().nullish(),
  fullName: z.string().default(""),
  fileName: z.string().default(""),
  created: flag,
  changed: flag,
  deleted: flag,
  problem: z.string().nullish(),
  lineNumber: z.union([z.number(), z.string()]).nullish(),
});

/** A single message may stand alone instead of in a list. */
const messages = z
  .union([z.array(Message), Message.transform((message) => [message]), z.null()])
  .transform((list) => list ?? [])
  .default([]);

const Started = z.looseObject({ id: z.string().min(1) });
const Status = z.looseObject({
  deployResult: z.looseObject({
    done: statedFlag,
    success: statedFlag,
    status: z.string(),
    errorMessage: z.string().nullish(),
    details: z.looseObject({ componentSuccesses: messages, componentFailures: messages }).nullish(),
  }),
});

const FIRST_POLL_MS = 250;
const LONGEST_POLL_MS = 5_000;
const LONGEST_DEPLOY_MS = 30 * 60 * 1000;
/** Salesforce's own bound on a package's zip. */
const MAX_ZIP_BYTES = 39_000_000;

/**
 * Deploys a metadata package by REST and waits for it; all of it or nothing. Problems are in the report, not thrown.
 * @throws ConfigError for a package without package.xml or above 39 MB
 * @see https://developer.salesforce.com/docs/platform/api-metadata/guide/meta-rest-deploy.html
 */
export async function deployPackage(
  session: Session,
  files: readonly PackageFile[],
  options: { readonly checkOnly: boolean },
): Promise<DeployReport> {
  if (!files.some((file) => file.path === "package.xml")) {
    throw new ConfigError("The metadata package has no package.xml at its root.");
  }
  const step = "The metadata deployment";
  const id = await startDeploy(session, zip(files), options, step);
  let waited = 0;
  for (let delay = FIRST_POLL_MS; waited < LONGEST_DEPLOY_MS; delay = Math.min(delay * 2, LONGEST_POLL_MS)) {
    await session.pacing.sleep(delay);
    waited += delay;
    const answer = await session.call({
      method: "GET",
      path: `/metadata/deployRequest/${id}?includeDetails=true`,
      step,
      purpose: "write",
      effect: "repeatable",
    });
    const parsed = Status.safeParse(answer.body);
    if (!parsed.success) throw new WireShapeError("salesforce", `${step} ${id}: the status cannot be read.`);
    const { deployResult } = parsed.data;
    if (deployResult.done) return toReport(deployResult);
  }
  throw new TransientHttpError(
    "salesforce",
    `${step} ${id} is not done after ${LONGEST_DEPLOY_MS / 60_000} minutes. See Setup, Deployment Status; run \`ripeline apply\` again.`,
    undefined,
  );
}

function zip(files: readonly PackageFile[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const entries = Object.fromEntries(files.map((file) => [file.path, encoder.encode(file.content)]));
  const bytes = zipSync(entries, { mtime: new Date(Date.UTC(2000, 0, 1, 12)) });
  if (bytes.byteLength > MAX_ZIP_BYTES) {
    throw new ConfigError(
      `The metadata package is ${bytes.byteLength} bytes; Salesforce takes ${MAX_ZIP_BYTES}.`,
    );
  }
  return new Uint8Array(bytes);
}

async function startDeploy(
  session: Session,
  bytes: Uint8Array<ArrayBuffer>,
  options: { readonly checkOnly: boolean },
  step: string,
): Promise<string> {
  const deployOptions = {
    checkOnly: options.checkOnly,
    rollbackOnError: true,
    singlePackage: true,
    ignoreWarnings: true,
    purgeOnDelete: false,
    performRetrieve: false,
    runTests: [],
  };
  const form = new FormData();
  form.append(
    "entity_content",
    new Blob([JSON.stringify({ deployOptions })], { type: "application/json" }),
    "entity_content.json",
  );
  form.append("file", new Blob([bytes], { type: "application/zip" }), "package.zip");
  const answer = await session.call({
    method: "POST",
    path: "/metadata/deployRequest",
    body: form,
    step,
    purpose: "write",
    effect: "once",
  });
  const parsed = Started.safeParse(answer.body);
  if (!parsed.success) throw new WireShapeError("salesforce", `${step}: the answer names no deployment.`);
  return parsed.data.id;
}

function toReport(result: z.infer<typeof Status>["deployResult"]): DeployReport {
  // The manifest is listed like a component, but is none.
  const done = (result.details?.componentSuccesses ?? []).filter(
    (each) => each.fileName !== "package.xml" && each.fullName !== "package.xml",
  );
  const failed = result.details?.componentFailures ?? [];
  const names = (list: readonly z.infer<typeof Message>[]): readonly string[] =>
    list.map((each) => each.fullName);
  const problems = failed.map((each) => ({
    component: [each.componentType, each.fullName === "" ? each.fileName : each.fullName]
      .filter(Boolean)
      .join(" "),
    problem: redact(each.problem ?? "no reason given"),
  }));
  if (!result.success && problems.length === 0) {
    problems.push({ component: "package", problem: redact(result.errorMessage ?? result.status) });
  }
  return {
    succeeded: result.success,
    created: names(done.filter((each) => each.created)),
    changed: names(done.filter((each) => each.changed && !each.created && !each.deleted)),
    unchanged: names(done.filter((each) => !each.changed && !each.created && !each.deleted)),
    deleted: names(done.filter((each) => each.deleted)),
    problems,
  };
}
