import { type Answer, jsonAnswer, textAnswer } from "../../server/answer.ts";
import { type SaveError, VendorError } from "../org.ts";

/**
 * The vendor's error body: an array of one. Key order as recorded: NOT_FOUND has errorCode first, DML errors carry
 * `fields`, query and session errors do not.
 */
function vendorErrorBody(error: VendorError): readonly Record<string, unknown>[] {
  const { message, errorCode, fields } = error;
  if (errorCode === "NOT_FOUND") return [{ errorCode, message }];
  return [fields === undefined ? { message, errorCode } : { message, errorCode, fields }];
}

export function vendorErrorAnswer(error: VendorError): Answer {
  const headers: Record<string, string> = error.status === 401 ? { "WWW-Authenticate": "Token" } : {};
  return jsonAnswer(error.status, vendorErrorBody(error), headers);
}

const STATUS_OF_SAVE_ERROR: Readonly<Record<string, number>> = {
  ENTITY_IS_DELETED: 404,
  NOT_FOUND: 404,
  INSUFFICIENT_ACCESS_OR_READONLY: 403,
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: 403,
};

/**
 * What a duplicate rule found, under the key as the vendor spells it. As seen in users' logs of API 50.0 and 51.0;
 * whether later versions spell it right is not confirmed.
 */
function duplicateBody({ message, duplicates }: SaveError, base: string) {
  if (duplicates === undefined) return {};
  const { object, rule, isSaveAllowed, ids } = duplicates;
  return {
    duplicateResut: {
      allowSave: isSaveAllowed,
      duplicateRule: rule,
      duplicateRuleEntityType: object,
      errorMessage: message,
      matchResults: [
        {
          entityType: object,
          errors: [],
          matchEngine: "ExactMatchEngine",
          matchRecords: ids.map((id) => ({
            additionalInformation: [],
            fieldDiffs: [],
            matchConfidence: JSON.rawJSON("100.0"),
            record: { attributes: { type: object, url: `${base}/sobjects/${object}/${id}` }, Id: id },
          })),
          rule,
          size: ids.length,
          success: true,
        },
      ],
    },
  };
}

/**
 * A failed row of a single-record operation; `base` is `/services/data/vXX.X`. The record's own id being unknown is 404, a parent's is 400.
 */
export function saveErrorAnswer(errors: readonly SaveError[], base: string): Answer {
  const [first] = errors;
  const isOwnId = first?.statusCode === "INVALID_CROSS_REFERENCE_KEY" && first.fields.length === 0;
  const status = isOwnId ? 404 : (STATUS_OF_SAVE_ERROR[first?.statusCode ?? ""] ?? 400);
  return jsonAnswer(
    status,
    errors.map((error) => {
      const { message, statusCode, fields, duplicates } = error;
      return duplicates === undefined
        ? { message, errorCode: statusCode, fields }
        : { ...duplicateBody(error, base), errorCode: statusCode, message };
    }),
  );
}

export const sessionExpired = () => new VendorError(401, "INVALID_SESSION_ID", "Session expired or invalid");

export const notFound = (message = "The requested resource does not exist") =>
  new VendorError(404, "NOT_FOUND", message);

export const requestLimitExceeded = () =>
  new VendorError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");

export const methodNotAllowed = (method: string, allowed: readonly string[]) => {
  const all = allowed.includes("GET") ? ["HEAD", ...allowed] : allowed;
  return new VendorError(
    405,
    "METHOD_NOT_ALLOWED",
    `HTTP Method '${method}' not allowed. Allowed are ${all.join(",")}`,
  );
};

/** What the vendor's web tier says, in HTML, before the API sees the request. */
export function tooLongAnswer(status: 414 | 431): Answer {
  const reason = status === 414 ? "URI Too Long" : "Request Header Fields Too Large";
  return textAnswer(
    status,
    "text/html;charset=iso-8859-1",
    `<h1>Bad Message ${status}</h1><pre>reason: ${reason}</pre>`,
  );
}
