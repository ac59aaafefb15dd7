import type { ColumnType, StreamField } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { type Sql, sql } from "../database/sql.ts";
import type { EmailKey } from "./email-key.ts";

/** A mirror column and how its value comes from the staged text of a page. */
export interface MirrorColumn {
  readonly name: string;
  readonly value: Sql;
}

/** What turns staged text into stored values. */
export interface KeepRules {
  readonly emailKey: EmailKey;
  readonly touch: Settings["touch"];
}

/** A user's or a queue's id. */
const OWNER_ID = "^(005|00G)[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$";

/** Vendor names are written without quotes in every statement of ours, so Postgres folds them to lower case. */
export function columnName(field: string): string {
  return field.toLowerCase();
}

/** The mirror columns of one vendor field: one, or two for a field whose text is not kept. */
export function mirrorColumns(field: StreamField, rules: KeepRules): readonly MirrorColumn[] {
  const name = columnName(field.name);
  const staged = sql`s.${sql.identifier([name])}`;
  switch (field.keep ?? "plain") {
    case "plain":
      return [{ name, value: cast(staged, field.type) }];
    case "email": {
      const address = sql`nullif(lower(trim(${staged})), '')`;
      const bytes = sql`convert_to(${address}, 'UTF8')`;
      const { inner, outer } = rules.emailKey;
      const digest = sql`sha256(${outer}::bytea || sha256(${inner}::bytea || ${bytes}))`;
      return [
        { name: `${name}_hash`, value: sql`encode(${digest}, 'hex')` },
        { name: `${name}_domain`, value: sql`nullif(split_part(${address}, '@', 2), '')` },
      ];
    }
    case "history":
      return [
        {
          name,
          value: sql`case when s.field = 'Status' or ${staged} ~ ${OWNER_ID} then nullif(${staged}, '') end`,
        },
      ];
    case "presence":
      return [{ name, value: sql`case when nullif(${staged}, '') is not null then 'given' end` }];
    case "subject":
      return [
        { name: `${name}_is_automated`, value: matchesAny(staged, rules.touch.automatedSubjects) },
        { name: `${name}_is_cancelled`, value: matchesAny(staged, rules.touch.cancelledSubjects) },
      ];
  }
}

function matchesAny(text: Sql, patterns: readonly string[]): Sql {
  return sql`coalesce(${text}, '') ~* any(${[...patterns]}::text[])`;
}

function cast(staged: Sql, type: ColumnType): Sql {
  const text = sql`nullif(${staged}, '')`;
  switch (type) {
    case "text":
      return text;
    case "boolean":
      return sql`${text}::boolean`;
    case "numeric":
      return sql`${text}::numeric`;
    case "integer":
      // Numbers may come as 14.0.
      return sql`${text}::numeric::integer`;
    case "date":
      return sql`${text}::date`;
    case "timestamptz":
      return sql`${text}::timestamptz`;
  }
}
