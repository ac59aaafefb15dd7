import type { Clock } from "../../../../core/time.ts";
import { type DeployMessage, type Org, type Session, VendorError } from "../../org.ts";
import { notFound } from "../vendor-answer.ts";
import { vendorId, vendorInstant } from "../vendor-text.ts";
import type { WireSettings } from "../wire-settings.ts";
import { BadPackageError, readPackage } from "./read-package.ts";

export interface DeployOptions {
  readonly checkOnly: boolean;
  readonly rollbackOnError: boolean;
  readonly ignoreWarnings: boolean;
  readonly purgeOnDelete: boolean;
  readonly singlePackage: boolean;
}

export type DeployStatus =
  | "Pending"
  | "InProgress"
  | "Succeeded"
  | "SucceededPartial"
  | "Failed"
  | "Canceled";

export interface Deployment {
  readonly id: string;
  readonly session: Session;
  readonly options: DeployOptions;
  readonly createdAt: Date;
  status: DeployStatus;
  messages: readonly DeployMessage[];
  errorMessage: string | undefined;
  completedAt: Date | undefined;
  pollsLeft: number;
}

export interface Deployments {
  create(session: Session, options: DeployOptions): Deployment;
  /** @throws VendorError NOT_FOUND */
  find(id: string): Deployment;
  /** Does the work, all at once; a deployment canceled before does nothing. */
  run(deployment: Deployment, zip: Uint8Array): void;
  /** As a client's look at it. */
  look(deployment: Deployment): DeployStatus;
  /** @throws VendorError where it has ended */
  cancel(deployment: Deployment): void;
  clear(): void;
}

function outcomeOf(messages: readonly DeployMessage[], options: DeployOptions): DeployStatus {
  const failures = messages.filter((message) => !message.success);
  if (failures.length === 0) return "Succeeded";
  return options.rollbackOnError || failures.length === messages.length ? "Failed" : "SucceededPartial";
}

function apply(org: Org, deployment: Deployment, zip: Uint8Array): readonly DeployMessage[] {
  const { options, session } = deployment;
  const { components, destructive, problems } = readPackage(zip);
  // A package that does not fit its manifest changes nothing, but the rest of it is still checked.
  const checkOnly = options.checkOnly || (problems.length > 0 && options.rollbackOnError);
  const { rollbackOnError } = options;
  return [...problems, ...org.deploy(session, components, destructive, { checkOnly, rollbackOnError })];
}

export function createDeployments(org: Org, clock: Clock, settings: WireSettings): Deployments {
  const deployments = new Map<string, Deployment>();
  let made = 0;
  return {
    create: (session, options) => {
      made += 1;
      const deployment: Deployment = {
        id: vendorId("0Af", made),
        session,
        options,
        createdAt: clock.now(),
        status: "Pending",
        messages: [],
        errorMessage: undefined,
        completedAt: undefined,
        pollsLeft: settings.deployPolls,
      };
      deployments.set(deployment.id, deployment);
      return deployment;
    },
    find: (id) => {
      const deployment = deployments.get(id);
      if (deployment === undefined) throw notFound();
      return deployment;
    },
    run: (deployment, zip) => {
      if (deployment.status !== "Pending") return;
      try {
        deployment.messages = apply(org, deployment, zip);
        deployment.status = outcomeOf(deployment.messages, deployment.options);
      } catch (error) {
        deployment.status = "Failed";
        if (!(error instanceof BadPackageError || error instanceof VendorError)) throw error;
        deployment.errorMessage = error.message;
      } finally {
        deployment.completedAt = clock.now();
      }
    },
    look: (deployment) => {
      const isDone = deployment.completedAt !== undefined && deployment.pollsLeft <= 0;
      deployment.pollsLeft -= 1;
      return isDone || deployment.status === "Pending" ? deployment.status : "InProgress";
    },
    cancel: (deployment) => {
      if (deployment.completedAt !== undefined) {
        throw new VendorError(400, "INVALID_ID_FIELD", "Deployment already completed");
      }
      deployment.status = "Canceled";
      deployment.completedAt = clock.now();
    },
    clear: () => deployments.clear(),
  };
}

const messageBody = (message: DeployMessage, at: Date) => ({
  changed: message.changed,
  columnNumber: null,
  componentType: message.componentType,
  created: message.created,
  createdDate: vendorInstant(at),
  deleted: message.deleted,
  fileName: message.fileName,
  fullName: message.fullName,
  knownPackagingProblem: false,
  lineNumber: message.lineNumber ?? null,
  problem: message.problem ?? null,
  problemType: message.problemType ?? null,
  requiresProductionTestRun: false,
  success: message.success,
  warning: message.problemType === "Warning",
});

const runTestResult = {
  codeCoverage: [],
  codeCoverageWarnings: [],
  failures: [],
  flowCoverage: [],
  flowCoverageWarnings: [],
  numFailures: 0,
  numTestsRun: 0,
  successes: [],
  totalTime: 0,
};

const PACKAGE_MESSAGE: DeployMessage = {
  componentType: "",
  fullName: "package.xml",
  fileName: "package.xml",
  success: true,
  created: false,
  changed: true,
  deleted: false,
};

function detailsBody(deployment: Deployment) {
  const bodies = (messages: readonly DeployMessage[]) =>
    messages.map((message) => messageBody(message, deployment.completedAt ?? deployment.createdAt));
  return {
    allComponentMessages: [],
    componentFailures: bodies(deployment.messages.filter((message) => !message.success)),
    componentSuccesses: bodies([
      PACKAGE_MESSAGE,
      ...deployment.messages.filter((message) => message.success),
    ]),
    retrieveResult: null,
    runTestResult,
  };
}

const ENDED: ReadonlySet<DeployStatus> = new Set(["Succeeded", "SucceededPartial", "Failed", "Canceled"]);

/** The vendor's DeployResult. Details only on request, and only when done. */
export function deployResultBody(
  deployment: Deployment,
  status: DeployStatus,
  options: { readonly includeDetails: boolean },
) {
  const done = ENDED.has(status);
  const count = (success: boolean) =>
    done ? deployment.messages.filter((message) => message.success === success).length : 0;
  return {
    checkOnly: deployment.options.checkOnly,
    completedDate:
      done && deployment.completedAt !== undefined ? vendorInstant(deployment.completedAt) : null,
    createdBy: deployment.session.userId,
    createdByName: deployment.session.username,
    createdDate: vendorInstant(deployment.createdAt),
    ...(options.includeDetails && done ? { details: detailsBody(deployment) } : {}),
    done,
    errorMessage: done ? (deployment.errorMessage ?? null) : null,
    errorStatusCode: done && deployment.errorMessage !== undefined ? "UNKNOWN_EXCEPTION" : null,
    id: deployment.id,
    ignoreWarnings: deployment.options.ignoreWarnings,
    lastModifiedDate: vendorInstant(deployment.completedAt ?? deployment.createdAt),
    numberComponentErrors: count(false),
    numberComponentsDeployed: count(true),
    numberComponentsTotal: done ? deployment.messages.length : 0,
    numberTestErrors: 0,
    numberTestsCompleted: 0,
    numberTestsTotal: 0,
    rollbackOnError: deployment.options.rollbackOnError,
    runTestsEnabled: false,
    startDate: vendorInstant(deployment.createdAt),
    status,
    success: status === "Succeeded" || status === "SucceededPartial",
  };
}
