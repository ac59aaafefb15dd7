import { z } from "zod";

/** An answer of a vendor as it goes over the wire: status, headers (lower case) and the bytes of the body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The connection is reset after the body. */
  readonly isReset?: boolean;
}

/**
 * How an answer was changed. `harmless`: another way to say the same, the result must be right. `broken`: no longer what
 * was promised, the result must be right (by reading again) or a typed error. `value`: what a record says has changed,
 * which nobody can notice; only the number of rows must be right.
 */
export type Damage = "harmless" | "broken" | "value";

export interface Mutation {
  readonly name: string;
  readonly damage: Damage;
  readonly answer: Answer;
}

/** A choice among `count` things, drawn from the case's seed. */
export type Choose = (count: number) => number;

type Mutator = (answer: Answer, choose: Choose) => Mutation | undefined;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const textOf = (answer: Answer): string => decoder.decode(answer.body);
const withText = (answer: Answer, text: string): Answer => ({ ...answer, body: encoder.encode(text) });
const html = (status: number, words: string): Answer => ({
  status,
  headers: { "content-type": "text/html" },
  body: encoder.encode(`<html><head><title>${words}</title></head><body><h1>${words}</h1></body></html>`),
});

type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

function isContainer(value: JsonValue): value is JsonValue[] | { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null;
}

function parseJson(answer: Answer): JsonValue | undefined {
  if (!(answer.headers["content-type"] ?? "").includes("json")) return undefined;
  return z.json().parse(JSON.parse(textOf(answer)));
}

/** A place in a JSON document: the container, the key in it, and all keys on the way. */
interface Place {
  readonly parent: JsonValue[] | { [key: string]: JsonValue };
  readonly key: string;
  readonly path: readonly string[];
}

function placesOf(value: JsonValue, path: readonly string[] = []): Place[] {
  if (!isContainer(value)) return [];
  return Object.keys(value).flatMap((key) => {
    const child = Array.isArray(value) ? value[Number(key)] : value[key];
    const at = [...path, key];
    return [{ parent: value, key, path: at }, ...(child === undefined ? [] : placesOf(child, at))];
  });
}

function read({ parent, key }: Place): JsonValue {
  return (Array.isArray(parent) ? parent[Number(key)] : parent[key]) ?? null;
}

function write({ parent, key }: Place, value: JsonValue): void {
  if (Array.isArray(parent)) parent[Number(key)] = value;
  else parent[key] = value;
}

/** A field of a record: nobody promised what stands there. Its type, name and `attributes` are another matter. */
function isFieldOfRecord(path: readonly string[]): boolean {
  const at = path.lastIndexOf("records");
  return at >= 0 && path.length > at + 2 && path[at + 2] !== "attributes";
}

const replacements: readonly JsonValue[] = [
  null,
  "",
  "x",
  0,
  -1,
  1e21,
  true,
  false,
  [],
  {},
  "ü".repeat(2_000),
];

/** Changes one value of a JSON document, chosen among all; lists and objects too. */
const replaceValue: Mutator = (answer, choose) => {
  const document = parseJson(answer);
  if (document === undefined) return undefined;
  const places = placesOf(document);
  const place = places[choose(places.length)];
  const value = replacements[choose(replacements.length)];
  if (place === undefined || value === undefined) return undefined;
  const before = read(place);
  if (JSON.stringify(before) === JSON.stringify(value)) return undefined;
  write(place, value);
  return {
    name: `${place.path.join(".")}: ${JSON.stringify(before).slice(0, 40)} becomes ${JSON.stringify(value).slice(0, 40)}`,
    damage: isFieldOfRecord(place.path) ? "value" : "broken",
    answer: withText(answer, JSON.stringify(document)),
  };
};

const dropKey: Mutator = (answer, choose) => {
  const document = parseJson(answer);
  if (document === undefined) return undefined;
  const places = placesOf(document);
  const place = places[choose(places.length)];
  if (place === undefined) return undefined;
  if (Array.isArray(place.parent)) place.parent.splice(Number(place.key), 1);
  else Reflect.deleteProperty(place.parent, place.key);
  return {
    name: `${place.path.join(".")} is missing`,
    damage: isFieldOfRecord(place.path) ? "value" : "broken",
    answer: withText(answer, JSON.stringify(document)),
  };
};

const repeatElement: Mutator = (answer, choose) => {
  const document = parseJson(answer);
  if (document === undefined) return undefined;
  const places = placesOf(document).filter((place) => Array.isArray(place.parent));
  const place = places[choose(places.length)];
  if (place === undefined || !Array.isArray(place.parent)) return undefined;
  place.parent.splice(Number(place.key), 0, structuredClone(read(place)));
  return {
    name: `${place.path.join(".")} comes twice`,
    damage: "broken",
    answer: withText(answer, JSON.stringify(document)),
  };
};

const addKeys: Mutator = (answer, choose) => {
  const document = parseJson(answer);
  if (document === undefined) return undefined;
  const objects = [document, ...placesOf(document).map(read)].filter(
    (value): value is { [key: string]: JsonValue } => isContainer(value) && !Array.isArray(value),
  );
  const target = objects[choose(objects.length)];
  if (target === undefined) return undefined;
  target["aKeyOfNextYear"] = choose(2) === 0 ? { nested: [1, null] } : "new";
  return {
    name: "an unknown key",
    damage: "harmless",
    answer: withText(answer, JSON.stringify(document)),
  };
};

function reordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reordered);
  if (!isContainer(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, child]) => [key, reordered(child)]),
  );
}

const reorderKeys: Mutator = (answer) => {
  const document = parseJson(answer);
  if (document === undefined) return undefined;
  return {
    name: "keys in another order",
    damage: "harmless",
    answer: withText(answer, JSON.stringify(reordered(document))),
  };
};

const addSpace: Mutator = (answer, choose) => {
  const document = parseJson(answer);
  if (document === undefined) return undefined;
  const space = ["  ", "\t", " "][choose(3)] ?? " ";
  return {
    name: "other whitespace",
    damage: "harmless",
    answer: withText(answer, `\n${JSON.stringify(document, null, space)}\r\n`),
  };
};

const headerCase: Mutator = (answer) => ({
  name: "headers in other letters",
  damage: "harmless",
  answer: {
    ...answer,
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name.toUpperCase(), value]),
    ),
  },
});

const truncate: Mutator = (answer, choose) => {
  if (answer.body.byteLength < 2) return undefined;
  const kept = choose(answer.body.byteLength - 1);
  return {
    name: `cut after ${kept} bytes, length as announced`,
    damage: "broken",
    answer: { ...answer, body: answer.body.slice(0, kept) },
  };
};

const reset: Mutator = (answer, choose) => {
  const kept = choose(answer.body.byteLength + 1);
  return {
    name: `reset after ${kept} bytes`,
    damage: "broken",
    answer: { ...answer, body: answer.body.slice(0, kept), isReset: true },
  };
};

const flipByte: Mutator = (answer, choose) => {
  const at = choose(answer.body.byteLength);
  const old = answer.body[at];
  if (old === undefined) return undefined;
  const body = answer.body.slice();
  body[at] = old ^ (1 << choose(8));
  // What is hit may be a letter of a name as well as a brace.
  return { name: `byte ${at} is wrong`, damage: "value", answer: { ...answer, body } };
};

const otherStatus: Mutator = (answer, choose) => {
  const status = [200, 201, 202, 204, 206, 301, 304, 400, 403, 404, 405, 409, 413, 415, 429, 500, 503][
    choose(17)
  ];
  if (status === undefined || status === answer.status) return undefined;
  const isBodiless = status === 204 || status === 304;
  return {
    name: `status ${status} instead of ${answer.status}`,
    // The same bytes under another 2xx say the same.
    damage: "broken",
    answer: { ...answer, status, body: isBodiless ? new Uint8Array() : answer.body },
  };
};

const errorPage: Mutator = (_answer, choose) => {
  const pages = [
    html(500, "Server Error"),
    html(502, "Bad Gateway"),
    html(503, "Service Unavailable"),
    html(200, "Scheduled Maintenance"),
  ];
  const page = pages[choose(pages.length)];
  return page === undefined
    ? undefined
    : { name: `an HTML page with status ${page.status}`, damage: "broken", answer: page };
};

const emptyBody: Mutator = (answer) =>
  answer.body.byteLength === 0
    ? undefined
    : { name: "an empty body", damage: "broken", answer: { ...answer, body: new Uint8Array() } };

const wrongJson: Mutator = (answer, choose) => {
  if (parseJson(answer) === undefined) return undefined;
  const bodies = [
    "null",
    "[]",
    "{}",
    '"ok"',
    "0",
    "{]",
    "\u{feff}{}",
    '[{"message":"?","errorCode":"?"}]',
    "NaN",
  ];
  const body = bodies[choose(bodies.length)] ?? "null";
  return body === textOf(answer)
    ? undefined
    : { name: `the JSON ${body}`, damage: "broken", answer: withText(answer, body) };
};

const dropHeader: Mutator = (answer, choose) => {
  const names = Object.keys(answer.headers);
  const name = names[choose(names.length)];
  if (name === undefined) return undefined;
  const { [name]: _dropped, ...headers } = answer.headers;
  return { name: `without ${name}`, damage: "broken", answer: { ...answer, headers } };
};

const wrongHeader: Mutator = (answer, choose) => {
  const names = Object.keys(answer.headers).filter((name) => name !== "content-type");
  const name = names[choose(names.length)];
  if (name === undefined) return undefined;
  const value = ["", "null", "-1", "999999999", "yesterday", "ä"][choose(5)] ?? "";
  return {
    name: `${name}: ${value}`,
    damage: "broken",
    answer: { ...answer, headers: { ...answer.headers, [name]: value } },
  };
};

/** Lines of a CSV that has no line break in a cell. */
function csvLines(answer: Answer): string[] | undefined {
  if (!(answer.headers["content-type"] ?? "").includes("csv")) return undefined;
  return textOf(answer).split("\n");
}

const dropLine: Mutator = (answer, choose) => {
  const lines = csvLines(answer);
  if (lines === undefined || lines.length < 3) return undefined;
  const at = choose(lines.length - 1);
  return {
    name: `CSV line ${at} is missing`,
    damage: "broken",
    answer: withText(answer, lines.toSpliced(at, 1).join("\n")),
  };
};

const repeatLine: Mutator = (answer, choose) => {
  const lines = csvLines(answer);
  if (lines === undefined || lines.length < 3) return undefined;
  const at = choose(lines.length - 1);
  return {
    name: `CSV line ${at} comes twice`,
    damage: "broken",
    answer: withText(answer, lines.toSpliced(at, 0, lines[at] ?? "").join("\n")),
  };
};

const breakCsv: Mutator = (answer, choose) => {
  const lines = csvLines(answer);
  if (lines === undefined || lines.length < 3) return undefined;
  const at = choose(lines.length - 1);
  const line = lines[at] ?? "";
  const changed = [line.replace(",", ""), `${line},"more"`, line.replace('"', ""), line.replaceAll(",", ";")][
    choose(4)
  ];
  if (changed === undefined || changed === line) return undefined;
  return {
    name: `CSV line ${at} has other columns`,
    damage: "broken",
    answer: withText(answer, lines.toSpliced(at, 1, changed).join("\n")),
  };
};

const windowsLines: Mutator = (answer) => {
  const lines = csvLines(answer);
  if (lines === undefined) return undefined;
  return { name: "CSV with CRLF", damage: "harmless", answer: withText(answer, lines.join("\r\n")) };
};

const mutators: readonly Mutator[] = [
  replaceValue,
  replaceValue,
  dropKey,
  dropKey,
  repeatElement,
  addKeys,
  reorderKeys,
  addSpace,
  headerCase,
  truncate,
  reset,
  flipByte,
  otherStatus,
  errorPage,
  emptyBody,
  wrongJson,
  dropHeader,
  wrongHeader,
  dropLine,
  repeatLine,
  breakCsv,
  windowsLines,
];

/** One change of an answer, drawn by `choose`; the next kind is taken where one does not fit the answer. */
export function mutate(answer: Answer, choose: Choose): Mutation {
  const first = choose(mutators.length);
  for (let step = 0; step < mutators.length; step += 1) {
    const mutation = mutators[(first + step) % mutators.length]?.(answer, choose);
    if (mutation !== undefined) return mutation;
  }
  throw new Error("no mutation fits the answer");
}
