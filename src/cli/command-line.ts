import { writeSync } from "node:fs";
import { type Command, CommanderError } from "commander";
import { RipelineError, StoppedError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { exitCodeOfSignal } from "./stop-signals.ts";

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string;
  readonly env?: string;
  readonly json?: boolean;
}

/** Exit codes are part of the contract; 130 and 143 tell that SIGINT or SIGTERM ended a command. */
export const exitCodes = { done: 0, failed: 1, badUsage: 2 } as const;

/** Adds the options that every command takes, and its examples at the end of the help. */
export function withCommonOptions(command: Command, examples: readonly string[]): Command {
  return command
    .option("--config <file>", "ripeline.yaml to read (default: the one in this folder, if there is one)")
    .option("--env <file>", "file with environment variables (default: .env, if there is one)")
    .option("--json", "one JSON document on standard output, progress on standard error")
    .option("--yes", "never ask")
    .addHelpText("after", `\nExamples:\n${examples.map((example) => `  $ ${example}`).join("\n")}\n`);
}

/** Writes one JSON document, or text, to standard output, and waits until it is out. */
export function print(text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`, (error) => {
    if (error === null || error === undefined) resolve();
    else reject(error);
  });
  return promise;
}

export function printJson(value: Json): Promise<void> {
  return print(JSON.stringify(value));
}

/** The code of our own error; where another process did the work, the code of its error. */
function codeOf(error: RipelineError): string {
  return "ownerCode" in error && typeof error.ownerCode === "string" ? error.ownerCode : error.code;
}

/**
 * What a person reads when a command fails: our own errors as they are, for they say what to do; anything else as a
 * fault of ripeline with its stack, since that is what a report needs.
 */
export function describeFailure(error: unknown): string {
  if (error instanceof RipelineError) return `ripeline: ${error.message} [${codeOf(error)}]`;
  if (error instanceof Error) {
    return `ripeline: this is a fault in ripeline, please report it:\n${error.stack ?? error.message}`;
  }
  return `ripeline: failed with ${typeof error}`;
}

/** The same as the one document of --json. */
export function failureJson(error: unknown): Json {
  if (error instanceof RipelineError) return { error: { code: codeOf(error), message: error.message } };
  if (error instanceof CommanderError) return { error: { code: "USAGE", message: error.message } };
  return { error: { code: "FAULT", message: error instanceof Error ? error.message : typeof error } };
}

/**
 * Ends the process for an error after which nothing can be closed in order: says it, and leaves by exit code 1, so that
 * a supervisor starts it again.
 */
export function exitAtOnce(error: unknown): never {
  writeSync(2, `${describeFailure(error)}\n`);
  if (process.argv.includes("--json")) writeSync(1, `${JSON.stringify(failureJson(error))}\n`);
  process.exit(exitCodes.failed);
}

/** Exit code for whatever a command threw; a usage error has been printed already. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.badUsage;
  if (error instanceof RipelineError && codeOf(error) === "USAGE") return exitCodes.badUsage;
  if (error instanceof StoppedError) return exitCodeOfSignal(error.signal);
  return exitCodes.failed;
}

/** The command line itself is wrong: an option's value, a metric's name. Exit code 2. */
export class UsageError extends RipelineError {
  readonly code = "USAGE";
  readonly retryable = false;
}

/** Parses a whole number option within bounds. @throws UsageError naming the option, the value and the bounds */
export function wholeNumber(option: string, from: number, to: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= from && number <= to) return number;
    throw new UsageError(`${option}: ${JSON.stringify(value)} is not a whole number from ${from} to ${to}`);
  };
}

/** Parses an instant option. @throws UsageError naming the option and an example */
export function instant(option: string): (value: string) => Date {
  return (value) => {
    const date = new Date(value);
    if (/^\d{4}-\d{2}-\d{2}(T.*)?$/.test(value) && !Number.isNaN(date.getTime())) return date;
    throw new UsageError(
      `${option}: ${JSON.stringify(value)} is no instant; give for example 2026-06-01T08:00:00Z`,
    );
  };
}
