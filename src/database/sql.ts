/** A value that can be bound. Arrays bind to a Postgres array: `id = any(${ids}::text[])`. */
export type SqlValue =
  | null
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | readonly (string | number | bigint | boolean | Date | null)[];

const brand: unique symbol = Symbol("ripeline.sql");

/**
 * A statement, or a piece of one, with its values apart from its text. Only the tag, `sql.identifier` and `.sql` files
 * make one, so text from outside can never become SQL. Values are kept in Postgres' own text form, which means the
 * same to both stores.
 */
export interface Sql {
  readonly [brand]: true;
  /** One more than `values`: the text around them. */
  readonly chunks: readonly string[];
  readonly values: readonly (string | null)[];
}

/** A statement with numbered places ($1, $2, ...) and their values, as both drivers take it. */
export interface Statement {
  readonly text: string;
  readonly values: readonly (string | null)[];
}

function make(chunks: readonly string[], values: readonly (string | null)[]): Sql {
  return { [brand]: true, chunks, values };
}

function isSql(value: SqlValue | Sql): value is Sql {
  return typeof value === "object" && value !== null && brand in value;
}

function encodeElement(value: string | number | bigint | boolean | Date | null): string {
  if (value === null) return "NULL";
  const text = value instanceof Date ? value.toISOString() : String(value);
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function encode(value: SqlValue): string | null {
  if (value === null) return null;
  if (typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  if (typeof value === "object") return `{${value.map(encodeElement).join(",")}}`;
  return String(value);
}

function compose(strings: readonly string[], parts: readonly (SqlValue | Sql)[]): Sql {
  const chunks = [strings[0] ?? ""];
  const values: (string | null)[] = [];
  const append = (text: string) => {
    chunks.push((chunks.pop() ?? "") + text);
  };
  parts.forEach((part, index) => {
    if (isSql(part)) {
      append(part.chunks[0] ?? "");
      part.values.forEach((value, at) => {
        values.push(value);
        chunks.push(part.chunks[at + 1] ?? "");
      });
    } else {
      values.push(encode(part));
      chunks.push("");
    }
    append(strings[index + 1] ?? "");
  });
  return make(chunks, values);
}

/**
 * A trusted name, quoted: `sql.identifier(["mirror", "lead"])` is `"mirror"."lead"`. Names come from constants of ours,
 * never from a CRM or a user.
 */
function identifier(parts: readonly string[]): Sql {
  if (parts.length === 0) throw new TypeError("sql.identifier needs at least one name");
  return make([parts.map((part) => `"${part.replaceAll('"', '""')}"`).join(".")], []);
}

/** Pieces in a row with a separator between them: `sql.join(columns.map((c) => sql.identifier([c])), sql`, `)`. */
function join(pieces: readonly Sql[], separator: Sql): Sql {
  return pieces.reduce(
    (whole, piece, index) => {
      return index === 0 ? piece : compose(["", "", "", ""], [whole, separator, piece]);
    },
    make([""], []),
  );
}

/** A value for a json or jsonb place. */
function json(value: unknown): Sql {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("sql.json needs a value that JSON can carry");
  return make(["", ""], [text]);
}

/**
 * Builds a statement. Everything in `${}` is bound as a value, except pieces made by `sql` itself, which are put in.
 *
 * ```ts
 * sql`select modified_since from mirror.watermark where stream = ${name}`
 * ```
 */
export const sql = Object.assign(
  (strings: TemplateStringsArray, ...parts: readonly (SqlValue | Sql)[]): Sql => compose(strings, parts),
  { identifier, join, json },
);

/** The statement as a driver takes it. */
export function toStatement(query: Sql): Statement {
  const text = query.chunks.reduce((whole, chunk, index) => `${whole}$${index}${chunk}`);
  return { text, values: query.values };
}

/**
 * The text of a trusted `.sql` file as a statement; its $1, $2, ... stand for `values` in that order, each as often as
 * it is used.
 */
export function bindText(text: string, values: readonly SqlValue[]): Sql {
  const encoded = values.map(encode);
  const chunks: string[] = [];
  const used: (string | null)[] = [];
  let from = 0;
  for (const place of placesIn(text)) {
    const value = encoded[place.number - 1];
    if (value === undefined) {
      throw new TypeError(`the statement uses $${place.number}, but only ${values.length} values were given`);
    }
    chunks.push(text.slice(from, place.at));
    used.push(value);
    from = place.at + String(place.number).length + 1;
  }
  chunks.push(text.slice(from));
  return make(chunks, used);
}

/** Where $n stands in a statement, leaving out comments, strings, quoted names and dollar-quoted bodies. */
function placesIn(text: string): readonly { readonly at: number; readonly number: number }[] {
  const tokens =
    /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|\$(\d+)/g;
  return [...text.matchAll(tokens)].flatMap((match) =>
    match[2] === undefined ? [] : [{ at: match.index, number: Number(match[2]) }],
  );
}
