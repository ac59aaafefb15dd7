import type {
  DeployReport,
  OpenConnection,
  OpenReadingConnection,
  StreamSpec,
} from "../../src/core/ports.ts";
import type { Sql } from "../../src/database/sql.ts";

/** What a case is told of a person: one row, by a number that each CRM makes an id of. */
export interface PersonRow {
  readonly n: number;
  /** Created and last changed. ISO, UTC. */
  readonly at: string;
  readonly source?: string | null;
}

/** An emulated CRM as the cases of the contract see it, beside its connector. */
export interface ContractCrm {
  readonly name: "salesforce" | "hubspot";
  /** The stream of the people that reps work, and more that a merge needs. */
  readonly streams: readonly StreamSpec[];
  /** The mirror's table of these people and its column of the source. */
  readonly table: string;
  readonly sourceColumn: string;
  /** More people than two pages hold. */
  readonly manyPeople: number;
  idOf(n: number): string;
  /** Source values that the CRM takes. */
  readonly sources: readonly [string, string];
  /** The emulated clock, which stands. */
  setClock(at: string): Promise<void>;
  control(path: string, body: unknown): Promise<void>;
  /** Loads past the API: no event, and stamps as given. */
  load(rows: readonly PersonRow[]): Promise<void>;
  remove(n: number): Promise<void>;
  merge(winner: number, loser: number, at: string): Promise<void>;
  /** With credentials that do not end; where it would sleep, the emulator's clock goes on, and it is noted. */
  connect(waits?: number[]): Promise<OpenReadingConnection>;
  /** With a grant that is renewed. `ended` makes the token in use worthless. */
  connectRenewable(): Promise<{
    readonly connection: OpenReadingConnection;
    readonly endToken: () => Promise<void>;
    /** How often a token was asked for. */
    readonly grants: () => Promise<number>;
  }>;
  /** Each vendor's refusal of one call too many. */
  readonly rateFaults: readonly string[];
  /** Operation that reads a page of people. */
  readonly pageOperation: string;
  /** Rows `loser`, `winner` of the merges that the mirror knows. */
  readonly merges: Sql;
  /** Condition of a mirror row whose record is gone. */
  readonly isGone: Sql;
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** The same CRM, as the cases of writing see it. */
export interface WritableCrm extends Omit<ContractCrm, "connect"> {
  connect(waits?: number[]): Promise<OpenConnection>;
  /** As `write` names people and their ids. */
  readonly peopleObject: string;
  readonly keyField: string;
  /** A text field of ours that `deployField` makes, and one of somebody else's. */
  readonly ownField: string;
  readonly foreignField: string;
  readonly writeOperation: string;
  deployField(connection: OpenConnection): Promise<DeployReport>;
  /** From now on the administrator's rule refuses writes to this person. */
  refuse(n: number, message: string): Promise<void>;
  /** How often each record's field was written, as the CRM counts it. */
  writesOf(): Promise<ReadonlyMap<string, number>>;
}
