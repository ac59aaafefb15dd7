import { VendorError } from "../../org.ts";
import { type JsonObject, textValue } from "../read-json.ts";

/** Delimiters and line ends by the names the API gives them. */
export const DELIMITERS = {
  BACKQUOTE: "`",
  CARET: "^",
  COMMA: ",",
  PIPE: "|",
  SEMICOLON: ";",
  TAB: "\t",
} as const;

export const LINE_ENDINGS = { LF: "\n", CRLF: "\r\n" } as const;

type DelimiterName = keyof typeof DELIMITERS;
type LineEndingName = keyof typeof LINE_ENDINGS;

export interface CsvForm {
  readonly columnDelimiter: DelimiterName;
  readonly lineEnding: LineEndingName;
}

/** Jobs of every kind belong to the org for seven days. */
export const JOB_LIFE_DAYS = 7;

export const invalidJob = (message: string) => new VendorError(400, "INVALIDJOB", message);

export const invalidJobState = (message: string) => new VendorError(400, "INVALIDJOBSTATE", message);

const isDelimiter = (name: string): name is DelimiterName => name in DELIMITERS;
const isLineEnding = (name: string): name is LineEndingName => name in LINE_ENDINGS;

/** @throws VendorError INVALIDJOB where a name is not the API's. */
export function csvForm(body: JsonObject): CsvForm {
  const columnDelimiter = textValue(body, "columnDelimiter") ?? "COMMA";
  const lineEnding = textValue(body, "lineEnding") ?? "LF";
  const contentType = textValue(body, "contentType") ?? "CSV";
  if (!isDelimiter(columnDelimiter)) throw invalidJob(`Unknown columnDelimiter: ${columnDelimiter}`);
  if (!isLineEnding(lineEnding)) throw invalidJob(`Unknown lineEnding: ${lineEnding}`);
  if (contentType !== "CSV") throw invalidJob(`Unsupported contentType: ${contentType}`);
  return { columnDelimiter, lineEnding };
}
