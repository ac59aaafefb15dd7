/** Query errors in the vendor's words: a snippet, a caret, the place, the reason. */
import { VendorError } from "../../org.ts";

const TOKENS = /'(?:\\.|[^'\\])*'?|[A-Za-z0-9_.:+-]+|[^\s]/g;
/** How much of the statement the vendor shows around the error, counted in tokens. */
const TOKENS_BEFORE = 5;
const TOKENS_AFTER = 3;

interface Place {
  readonly line: number;
  readonly column: number;
}

function placeOf(source: string, offset: number): Place {
  const before = source.slice(0, offset);
  const lastBreak = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: offset - lastBreak };
}

/** Offset of a name in the statement, outside quoted text; 0 when it does not stand there. */
export function offsetOf(source: string, name: string): number {
  const wanted = name.toLowerCase();
  for (const match of source.matchAll(TOKENS)) {
    const token = match[0].toLowerCase();
    if (token === wanted || token.endsWith(`.${wanted}`)) return match.index;
  }
  for (const match of source.matchAll(TOKENS)) {
    if (!match[0].startsWith("'") && match[0].toLowerCase().includes(wanted)) return match.index;
  }
  return Math.max(source.toLowerCase().indexOf(wanted), 0);
}

/** `\n<snippet>\n<spaces>^\nERROR at Row:1:Column:N\n<text>`; the column counts from 1 in the whole statement. */
export function soqlError(source: string, offset: number, errorCode: string, text: string): VendorError {
  const tokens = [...source.matchAll(TOKENS)];
  const found = tokens.findIndex((token) => token.index + token[0].length > offset);
  const at = found < 0 ? tokens.length : found;
  const from = tokens[Math.max(0, at - TOKENS_BEFORE)]?.index ?? 0;
  const last = tokens[Math.min(tokens.length - 1, at + TOKENS_AFTER)];
  const snippet = source.slice(from, last === undefined ? source.length : last.index + last[0].length);
  const { line, column } = placeOf(source, offset);
  const caret = `${" ".repeat(Math.max(0, offset - from))}^`;
  return new VendorError(
    400,
    errorCode,
    `\n${snippet}\n${caret}\nERROR at Row:${line}:Column:${column}\n${text}`,
  );
}

const HINT = "Please reference your WSDL or the describe call for the appropriate names.";

export function noSuchColumn(source: string, name: string, entity: string): VendorError {
  const text = `No such column '${name}' on entity '${entity}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. ${HINT}`;
  return soqlError(source, offsetOf(source, name), "INVALID_FIELD", text);
}

export function noSuchRelationship(source: string, name: string): VendorError {
  const text = `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. ${HINT}`;
  return soqlError(source, offsetOf(source, name), "INVALID_FIELD", text);
}

export function noSuchChildRelationship(source: string, name: string): VendorError {
  const text = `Didn't understand relationship '${name}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. ${HINT}`;
  return soqlError(source, offsetOf(source, name), "INVALID_TYPE", text);
}

export function noSuchObject(source: string, name: string): VendorError {
  const text = `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. ${HINT}`;
  return soqlError(source, offsetOf(source, name), "INVALID_TYPE", text);
}

export function malformed(text: string): VendorError {
  return new VendorError(400, "MALFORMED_QUERY", text);
}

export function unexpectedToken(source: string, token: string): VendorError {
  const offset = token === "<EOF>" ? source.length : offsetOf(source, token);
  return soqlError(source, offset, "MALFORMED_QUERY", `unexpected token: '${token}'`);
}
