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

/** Part of the outermost statement in which a name was read. */
export type Clause = "SELECT" | "WHERE" | "ORDER";

const CLAUSE_WORDS: ReadonlySet<string> = new Set([
  "SELECT",
  "FROM",
  "WHERE",
  "WITH",
  "GROUP",
  "HAVING",
  "ORDER",
  "LIMIT",
  "OFFSET",
]);

interface Range {
  readonly from: number;
  readonly until: number;
}

/** Where a clause of the outermost statement stands; subqueries belong to the clause that holds them. */
function rangeOf(source: string, clause: Clause): Range | undefined {
  let depth = 0;
  let from: number | undefined;
  for (const { 0: token, index } of source.matchAll(TOKENS)) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    const word = token.toUpperCase();
    if (depth > 0 || !CLAUSE_WORDS.has(word)) continue;
    if (from !== undefined) return { from, until: index };
    if (word === clause) from = index;
  }
  return from === undefined ? undefined : { from, until: source.length };
}

/** A name, path or call as it stands there as a whole word, not as a part of a longer one and not in quotes. */
function wordOffset(source: string, name: string, { from, until }: Range): number | undefined {
  const wanted = name.toLowerCase();
  const isWithin = (offset: number) => offset >= from && offset < until;
  const tokens = [...source.matchAll(TOKENS)].filter((token) => isWithin(token.index));
  const whole = tokens.find(({ 0: token }) => {
    const text = token.toLowerCase();
    return text === wanted || text.endsWith(`.${wanted}`);
  });
  if (whole !== undefined) return whole.index;
  const part = tokens.find(
    ({ 0: token }) => !token.startsWith("'") && token.toLowerCase().split(".").includes(wanted),
  );
  if (part !== undefined) return part.index;
  // Calls and escapes are several tokens: COUNT(Id).
  if (/^[\w.]*$/.test(wanted)) return undefined;
  const offset = source.toLowerCase().indexOf(wanted, from);
  return offset >= 0 && offset < until ? offset : undefined;
}

/** Offset of a name in the clause that it was read in, else anywhere in the statement; 0 when it does not stand there. */
export function offsetOf(source: string, name: string, clause?: Clause): number {
  const range = clause === undefined ? undefined : rangeOf(source, clause);
  const inClause = range === undefined ? undefined : wordOffset(source, name, range);
  return inClause ?? wordOffset(source, name, { from: 0, until: source.length }) ?? 0;
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

/** The statement and, where it is known, the clause being read. */
interface Spot {
  readonly source: string;
  readonly clause: Clause | undefined;
}

const HINT = "Please reference your WSDL or the describe call for the appropriate names.";

export function noSuchColumn(place: Spot, name: string, entity: string): VendorError {
  const text = `No such column '${name}' on entity '${entity}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. ${HINT}`;
  return soqlError(place.source, offsetOf(place.source, name, place.clause), "INVALID_FIELD", text);
}

export function noSuchRelationship(place: Spot, name: string): VendorError {
  const text = `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. ${HINT}`;
  return soqlError(place.source, offsetOf(place.source, name, place.clause), "INVALID_FIELD", text);
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
