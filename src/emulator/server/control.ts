import { z } from "zod";
import { SECOND_MS } from "../../core/time.ts";
import { controlCalls } from "../control-calls.ts";
import { type Answer, jsonAnswer, streamAnswer } from "./answer.ts";
import type { EmulatorClock } from "./emulator-clock.ts";
import { type FaultTable, faultSpec } from "./faults.ts";
import type { Half } from "./half.ts";
import { BrokenBodyError, type Incoming } from "./incoming.ts";
import { readNdjson, writeNdjson } from "./ndjson.ts";
import type { EmulatedCrm, RequestLedger } from "./request-ledger.ts";

export interface ControlParts {
  readonly clock: EmulatorClock;
  readonly halves: readonly Half[];
  readonly faults: FaultTable;
  readonly ledger: RequestLedger;
}

/** A control call that cannot be carried out as sent; the message says what was expected. */
class ControlError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "ControlError";
    this.status = status;
  }
}

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}(T.*)?$/;

const clockBody = z.strictObject({
  /** Any ISO form the command line takes; a date alone is its midnight in UTC. */
  now: z
    .string()
    .refine((text) => ISO_INSTANT.test(text) && !Number.isNaN(Date.parse(text)), {
      error: "no instant; give for example 2026-06-01T08:00:00Z or 2026-06-01",
    })
    .optional(),
  advanceSeconds: z.number().optional(),
  stopped: z.boolean().optional(),
});

const faultsBody = z.strictObject({
  /** Removes every fault first. */
  clear: z.boolean().default(false),
  faults: z.array(faultSpec).default([]),
  salesforce: z.record(z.string(), z.unknown()).optional(),
  hubspot: z.record(z.string(), z.unknown()).optional(),
});

const automationBody = z.strictObject({
  /** Takes every rule, trigger, lock and moment away first. */
  clear: z.boolean().default(false),
  salesforce: z.record(z.string(), z.unknown()).optional(),
  hubspot: z.record(z.string(), z.unknown()).optional(),
});

const recycleBody = z.strictObject({
  salesforce: z.record(z.string(), z.unknown()).optional(),
  hubspot: z.record(z.string(), z.unknown()).optional(),
});

const emptyBody = z.strictObject({});

const CALLS = controlCalls.map(({ method, path }) => `${method} ${path}`).join(", ");

/** Rows handed to the org at once: large enough to be quick, small enough not to be felt. */
const LOAD_GROUP = 5_000;

async function readBody<T>(incoming: Incoming, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    const text = (await incoming.body.bytes()).toString("utf8");
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    if (error instanceof BrokenBodyError) throw error;
    throw new ControlError(400, `body is not JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ControlError(400, z.prettifyError(parsed.error));
  return parsed.data;
}

function halfNamed(parts: ControlParts, crm: string): Half {
  const half = parts.halves.find((candidate) => candidate.crm === crm);
  if (half === undefined) {
    const known = parts.halves.map((candidate) => candidate.crm).join(", ");
    throw new ControlError(404, `no emulated CRM "${crm}"; there is ${known}`);
  }
  return half;
}

function requests(parts: ControlParts, incoming: Incoming): Answer {
  const counts = { salesforce: parts.ledger.counts("salesforce"), hubspot: parts.ledger.counts("hubspot") };
  if (incoming.query.get("writes") === "0") return jsonAnswer(200, counts);
  const since = Number(incoming.query.get("since") ?? 0);
  if (!Number.isInteger(since) || since < 0) {
    throw new ControlError(400, "since is the number of writes to leave out: a whole number from 0");
  }
  const lists = parts.halves.map((half) => half.writes()).filter((list) => list.length > 0);
  const writes = lists.flat();
  // One CRM's are in order already, even where the clock was set back between them.
  if (lists.length > 1) writes.sort((left, right) => left.at.localeCompare(right.at));
  return jsonAnswer(200, { ...counts, writes: writes.slice(since) });
}

const clockState = (clock: EmulatorClock) =>
  jsonAnswer(200, { now: clock.now().toISOString(), stopped: clock.isStopped });

async function setClock({ clock }: ControlParts, incoming: Incoming): Promise<Answer> {
  const body = await readBody(incoming, clockBody);
  if (body.now !== undefined) clock.set(new Date(body.now));
  if (body.advanceSeconds !== undefined) clock.advance(body.advanceSeconds * SECOND_MS);
  if (body.stopped === true) clock.stop();
  if (body.stopped === false) clock.resume();
  return clockState(clock);
}

function faultState(parts: ControlParts): Answer {
  const settings = Object.fromEntries(parts.halves.map((half) => [half.crm, half.settings()]));
  return jsonAnswer(200, { faults: parts.faults.list(), ...settings });
}

type ByCrm = Partial<Record<EmulatedCrm, Readonly<Record<string, unknown>> | undefined>>;

/** Runs `act` for each CRM that the body names. All are looked up before the first is touched. */
function forNamed(parts: ControlParts, body: ByCrm, act: (half: Half, value: unknown) => void): void {
  const named = (["salesforce", "hubspot"] as const).filter((crm) => body[crm] !== undefined);
  for (const { crm, half } of named.map((name) => ({ crm: name, half: halfNamed(parts, name) }))) {
    try {
      act(half, body[crm]);
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      throw new ControlError(400, `${crm}: ${z.prettifyError(error)}`);
    }
  }
}

const automationState = (parts: ControlParts): Answer =>
  jsonAnswer(200, Object.fromEntries(parts.halves.map((half) => [half.crm, half.automation()])));

async function setAutomation(parts: ControlParts, incoming: Incoming): Promise<Answer> {
  const body = await readBody(incoming, automationBody);
  if (body.clear) for (const half of parts.halves) half.clearAutomation();
  forNamed(parts, body, (half, value) => half.automate(value));
  return automationState(parts);
}

function clearAutomation(parts: ControlParts): Answer {
  for (const half of parts.halves) half.clearAutomation();
  return automationState(parts);
}

async function recycle(parts: ControlParts, incoming: Incoming): Promise<Answer> {
  const done: Record<string, unknown> = {};
  forNamed(parts, await readBody(incoming, recycleBody), (half, value) => {
    done[half.crm] = half.recycle(value);
  });
  return jsonAnswer(200, done);
}

async function setFaults(parts: ControlParts, incoming: Incoming): Promise<Answer> {
  const body = await readBody(incoming, faultsBody);
  forNamed(parts, body, (half, value) => half.applySettings(value));
  if (body.clear) parts.faults.clear();
  for (const fault of body.faults) parts.faults.add(fault);
  return faultState(parts);
}

async function load(parts: ControlParts, incoming: Incoming, crm: string, object: string): Promise<Answer> {
  const half = halfNamed(parts, crm);
  let loaded = 0;
  for await (const { rows, lines } of readNdjson(incoming.body.chunks(), LOAD_GROUP)) {
    try {
      loaded += half.load(object, rows).loaded;
    } catch (error) {
      const row = error instanceof Error && "row" in error && typeof error.row === "number" ? error.row : -1;
      const line = lines[row];
      if (error instanceof Error && line !== undefined) error.message = `line ${line}: ${error.message}`;
      throw error;
    }
  }
  return jsonAnswer(200, { loaded });
}

async function reset(parts: ControlParts, incoming: Incoming): Promise<Answer> {
  await readBody(incoming, emptyBody);
  for (const half of parts.halves) half.reset();
  parts.faults.clear();
  parts.ledger.clear();
  parts.clock.reset();
  return jsonAnswer(200, { reset: true, now: parts.clock.now().toISOString() });
}

/** The same pieces with the first one made already, so that a refusal comes before the status line. */
function begun(pieces: Iterator<string>): Iterable<string> {
  const first = pieces.next();
  return (function* () {
    for (let piece = first; piece.done !== true; piece = pieces.next()) yield piece.value;
  })();
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ControlError(
      400,
      `path part ${JSON.stringify(part)} is not percent-encoded text; write %25 for a percent sign`,
    );
  }
}

async function route(parts: ControlParts, incoming: Incoming): Promise<Answer> {
  const [verb = "", crm = "", object = ""] = incoming.path.split("/").slice(2).map(decoded);
  switch (`${incoming.method} ${verb}`) {
    case "GET requests":
      return requests(parts, incoming);
    case "GET clock":
      return clockState(parts.clock);
    case "POST clock":
      return setClock(parts, incoming);
    case "GET faults":
      return faultState(parts);
    case "POST faults":
      return setFaults(parts, incoming);
    case "DELETE faults":
      parts.faults.clear();
      return faultState(parts);
    case "POST load":
      return load(parts, incoming, crm, object);
    case "GET records":
      return streamAnswer("application/x-ndjson", begun(writeNdjson(halfNamed(parts, crm).dump(object))));
    case "POST reset":
      return reset(parts, incoming);
    case "GET automation":
      return automationState(parts);
    case "POST automation":
      return setAutomation(parts, incoming);
    case "DELETE automation":
      return clearAutomation(parts);
    case "POST recycle-bin":
      return recycle(parts, incoming);
    default:
      throw new ControlError(404, `no control call ${incoming.method} /control/${verb}; there are ${CALLS}`);
  }
}

/** What a refusal of the org looks like to the control API: its status and the vendor's words. */
function refusal(error: unknown): Answer | undefined {
  if (!(error instanceof Error)) return undefined;
  const status = "status" in error && typeof error.status === "number" ? error.status : undefined;
  if (status === undefined && error.name !== "NdjsonError") return undefined;
  const errorCode = "errorCode" in error && typeof error.errorCode === "string" ? error.errorCode : undefined;
  return jsonAnswer(status ?? 400, {
    error: error.message,
    ...(errorCode === undefined ? {} : { errorCode }),
  });
}

/**
 * The control API for tests and benchmarks: requests, clock, faults, automation, recycle-bin, load, records, reset. A wrong call is
 * `{"error": text}` with 400 or 404.
 */
export function createControl(parts: ControlParts): (incoming: Incoming) => Promise<Answer> {
  return async (incoming) => {
    try {
      return await route(parts, incoming);
    } catch (error) {
      const answer = refusal(error);
      if (answer === undefined) throw error;
      return answer;
    }
  };
}
