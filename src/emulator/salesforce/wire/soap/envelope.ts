import { XMLParser, XMLValidator } from "fast-xml-parser";
import { type Answer, textAnswer } from "../../../server/answer.ts";
import type { Incoming } from "../../../server/incoming.ts";
import { VendorError } from "../../org.ts";
import { isJsonObject, type JsonObject } from "../read-json.ts";

const CONTENT_TYPE = "text/xml; charset=utf-8";
const OPEN = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"`;

const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  htmlEntities: true,
});

export interface SoapRequest {
  /** Name of the call: the first element of the body. */
  readonly method: string;
  readonly parameters: JsonObject;
  /** From the SessionHeader; SOAP knows no Authorization header. */
  readonly sessionId: string | undefined;
}

const objectIn = (parent: JsonObject, name: string): JsonObject => {
  const value = parent[name];
  return isJsonObject(value) ? value : {};
};

/** @throws VendorError for a body that is no SOAP envelope with a call in it */
export async function readEnvelope(incoming: Incoming): Promise<SoapRequest> {
  const text = (await incoming.body.bytes()).toString("utf8");
  const malformed = () => new VendorError(500, "soapenv:Client", "The request is not a SOAP envelope");
  if (XMLValidator.validate(text) !== true) throw malformed();
  const parsed: unknown = parser.parse(text);
  const envelope = isJsonObject(parsed) ? objectIn(parsed, "Envelope") : {};
  const [call] = Object.entries(objectIn(envelope, "Body"));
  if (call === undefined) throw malformed();
  const sessionId = objectIn(objectIn(envelope, "Header"), "SessionHeader")["sessionId"];
  const [method, parameters] = call;
  return {
    method,
    parameters: isJsonObject(parameters) ? parameters : {},
    sessionId: typeof sessionId === "string" ? sessionId : undefined,
  };
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);

/** A value as elements of this name: lists repeat it, objects nest, null and undefined leave it out. */
function element(name: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((one) => element(name, one)).join("");
  const inner = isJsonObject(value)
    ? Object.entries(value)
        .map(([key, one]) => element(key, one))
        .join("")
    : escaped(typeof value === "string" ? value : JSON.stringify(value));
  return `<${name}>${inner}</${name}>`;
}

export const soapAnswer = (namespace: string, method: string, result: JsonObject): Answer =>
  textAnswer(
    200,
    CONTENT_TYPE,
    `${OPEN} xmlns="${namespace}"><soapenv:Body><${method}Response>${element("result", result)}</${method}Response></soapenv:Body></soapenv:Envelope>`,
  );

/** Every refusal is 500 with a Fault; the code is repeated in the text, as the vendor does. */
export function soapFault(error: VendorError): Answer {
  const isVendors = /^[A-Z_]+$/.test(error.errorCode);
  const code = isVendors ? `sf:${error.errorCode}` : error.errorCode;
  const text = isVendors ? `${error.errorCode}: ${error.message}` : error.message;
  return textAnswer(
    500,
    CONTENT_TYPE,
    `${OPEN} xmlns:sf="http://soap.sforce.com/2006/04/metadata"><soapenv:Body><soapenv:Fault><faultcode>${escaped(code)}</faultcode><faultstring>${escaped(text)}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`,
  );
}
