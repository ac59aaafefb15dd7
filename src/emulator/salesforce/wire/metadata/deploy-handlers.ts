import { jsonAnswer } from "../../../server/answer.ts";
import { type Session, VendorError } from "../../org.ts";
import { type Call, dataPath, param, type WireContext } from "../call.ts";
import { isMultipart, partText, readMultipart } from "../multipart.ts";
import { isJsonObject, type JsonObject, jsonParserError, readJsonObject } from "../read-json.ts";
import { type Deployment, type DeployOptions, deployResultBody } from "./deployments.ts";

function parseOptions(text: string): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw jsonParserError(error instanceof Error ? error.message : "unexpected character");
  }
  const options = isJsonObject(body) ? body["deployOptions"] : undefined;
  if (!isJsonObject(options)) throw jsonParserError("deployOptions are required");
  return options;
}

/** DeployOptions of a request; values may be texts. */
export function readDeployOptions(body: JsonObject): DeployOptions {
  const flag = (name: keyof DeployOptions, otherwise: { readonly absent: boolean }) =>
    body[name] === undefined ? otherwise.absent : body[name] === true || body[name] === "true";
  return {
    checkOnly: flag("checkOnly", { absent: false }),
    rollbackOnError: flag("rollbackOnError", { absent: true }),
    ignoreWarnings: flag("ignoreWarnings", { absent: false }),
    purgeOnDelete: flag("purgeOnDelete", { absent: false }),
    singlePackage: flag("singlePackage", { absent: false }),
  };
}

/** Takes a deployment on; the work follows once the answer is on its way. */
export function beginDeployment(
  context: WireContext,
  session: Session,
  options: DeployOptions,
  zip: Uint8Array,
): Deployment {
  const deployment = context.deployments.create(session, options);
  setImmediate(() => {
    try {
      context.deployments.run(deployment, zip);
    } catch (error) {
      // A mistake of the emulator must not end its process: the deployment has failed and says why.
      deployment.errorMessage = `UNKNOWN_EXCEPTION: ${error instanceof Error ? error.message : "unknown"}`;
    }
  });
  return deployment;
}

/** Parts `file` (the zip) and `entity_content` or `json` (`{"deployOptions": {...}}`). 201; the work follows. */
export async function startDeployment(context: WireContext, call: Call) {
  if (!isMultipart(call.incoming)) {
    throw new VendorError(415, "UNSUPPORTED_MEDIA_TYPE", "A deploy request is multipart/form-data");
  }
  const parts = await readMultipart(call.incoming);
  const json = parts.get("entity_content") ?? parts.get("json");
  const zip = parts.get("file");
  if (json === undefined) throw jsonParserError("The part entity_content with the deployOptions is required");
  if (zip === undefined || typeof zip === "string") {
    throw new VendorError(400, "INVALID_ZIP_FILE", "The part file with the zip, sent as a file, is required");
  }
  const options = readDeployOptions(parseOptions(partText(json)));
  const deployment = beginDeployment(context, call.session, options, zip);
  const deployResult = deployResultBody(deployment, "Pending", { includeDetails: false });
  return jsonAnswer(201, {
    id: deployment.id,
    validatedDeployRequestId: null,
    deployOptions: deployment.options,
    deployResult,
  });
}

export function getDeployment(context: WireContext, call: Call) {
  const deployment = context.deployments.find(param(call, "deployment"));
  const includeDetails = /^true$/i.test(call.incoming.query.get("includeDetails") ?? "");
  const status = context.deployments.look(deployment);
  return jsonAnswer(200, {
    id: deployment.id,
    url: `${context.url}${dataPath(call)}/metadata/deployRequest/${deployment.id}`,
    deployOptions: deployment.options,
    deployResult: deployResultBody(deployment, status, { includeDetails }),
  });
}

export async function cancelDeployment(context: WireContext, call: Call) {
  const body = await readJsonObject(call.incoming);
  const deployment = context.deployments.find(param(call, "deployment"));
  const wanted = body["deployResult"];
  if (!isJsonObject(wanted) || wanted["status"] !== "Canceling") {
    throw jsonParserError("The only change is deployResult.status Canceling");
  }
  context.deployments.cancel(deployment);
  return jsonAnswer(202, {
    id: deployment.id,
    url: `${context.url}${dataPath(call)}/metadata/deployRequest/${deployment.id}`,
    deployOptions: deployment.options,
    deployResult: deployResultBody(deployment, "Canceled", { includeDetails: false }),
  });
}
