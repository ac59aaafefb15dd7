import type { Answer } from "../../../server/answer.ts";
import { type Session, VendorError } from "../../org.ts";
import { type OpenCall, type OpenHandler, param, type WireContext } from "../call.ts";
import { beginDeployment, readDeployOptions } from "../metadata/deploy-handlers.ts";
import { deployResultBody } from "../metadata/deployments.ts";
import type { ClientApp } from "../oauth/client-app.ts";
import { sessionOfUsername } from "../oauth/sessions.ts";
import { isJsonObject, type JsonObject } from "../read-json.ts";
import { isKnownVersion } from "../rest/describe.ts";
import { readEnvelope, type SoapRequest, soapAnswer, soapFault } from "./envelope.ts";

const METADATA = "http://soap.sforce.com/2006/04/metadata";
const PARTNER = "urn:partner.soap.sforce.com";

type SoapMethod = (context: WireContext, call: OpenCall, request: SoapRequest) => JsonObject;

/** One SOAP address: reads the envelope, runs the call, and answers refusals as Faults. */
function service(namespace: string, methods: ReadonlyMap<string, SoapMethod>): OpenHandler {
  return async (context, call): Promise<Answer> => {
    try {
      const version = param(call, "api");
      if (!isKnownVersion(version)) {
        throw new VendorError(
          500,
          "UNSUPPORTED_API_VERSION",
          `Invalid Api version specified on URL: ${version}`,
        );
      }
      const request = await readEnvelope(call.incoming);
      const method = methods.get(request.method);
      if (method === undefined) {
        throw new VendorError(
          500,
          "soapenv:Client",
          `No operation available for request {${namespace}}${request.method}`,
        );
      }
      return soapAnswer(namespace, request.method, method(context, call, request));
    } catch (error) {
      if (error instanceof VendorError) return soapFault(error);
      throw error;
    }
  };
}

function sessionOf(context: WireContext, { sessionId }: SoapRequest): Session {
  const session = sessionId === undefined ? undefined : context.tokens.sessionOf(sessionId);
  if (session !== undefined) return session;
  throw new VendorError(
    500,
    "INVALID_SESSION_ID",
    "Invalid Session ID found in SessionHeader: Illegal Session",
  );
}

const textIn = (parameters: JsonObject, name: string): string => {
  const value = parameters[name];
  return typeof value === "string" ? value.trim() : "";
};

const deploy: SoapMethod = (context, _call, request) => {
  const session = sessionOf(context, request);
  const zip = textIn(request.parameters, "ZipFile");
  if (zip === "") throw new VendorError(500, "INVALID_ZIP_FILE", "ZipFile is required");
  const options = request.parameters["DeployOptions"];
  const deployment = beginDeployment(
    context,
    session,
    readDeployOptions(isJsonObject(options) ? options : {}),
    Buffer.from(zip, "base64"),
  );
  return { done: false, id: deployment.id, state: "Queued" };
};

const checkDeployStatus: SoapMethod = (context, _call, request) => {
  sessionOf(context, request);
  const deployment = context.deployments.find(textIn(request.parameters, "asyncProcessId"));
  const includeDetails = /^true$/i.test(textIn(request.parameters, "includeDetails"));
  return deployResultBody(deployment, context.deployments.look(deployment), { includeDetails });
};

/** The Metadata API over SOAP, as far as a deploy needs it. */
export const metadataService = service(
  METADATA,
  new Map([
    ["deploy", deploy],
    ["checkDeployStatus", checkDeployStatus],
  ]),
);

/** `login` of the Partner API: a user's password is the client app's secret here. */
export const loginService = (app: ClientApp): OpenHandler =>
  service(
    PARTNER,
    new Map([
      [
        "login",
        (context, call, { parameters }) => {
          const session = sessionOfUsername(context.org, textIn(parameters, "username"));
          if (
            session === undefined ||
            context.settings.appRevoked ||
            textIn(parameters, "password") !== app.clientSecret
          ) {
            throw new VendorError(
              500,
              "INVALID_LOGIN",
              "Invalid username, password, security token; or user locked out.",
            );
          }
          const { organizationId } = context.org;
          const address = (api: string) =>
            `${context.url}/services/Soap/${api}/${param(call, "api")}/${organizationId}`;
          return {
            metadataServerUrl: address("m"),
            passwordExpired: false,
            sandbox: false,
            serverUrl: address("u"),
            sessionId: context.tokens.issueAccess(session),
            userId: session.userId,
            userInfo: { organizationId, userId: session.userId, userName: session.username },
          };
        },
      ],
    ]),
  );
