#!/usr/bin/env node
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Argument, Command, CommanderError, Option } from "commander";
import type { AppOptions } from "../app.ts";
import type { CrmName } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { systemClock } from "../core/time.ts";
import {
  type CommonOptions,
  describeFailure,
  exitCodeOf,
  exitCodes,
  failureJson,
  instant,
  print,
  printJson,
  UsageError,
  wholeNumber,
  withCommonOptions,
} from "./command-line.ts";
import type { ConnectOptions } from "./connect.ts";
import { crmNames } from "./crm-names.ts";
import type { DemoOptions } from "./demo.ts";
import type { EmulatorCommandOptions } from "./emulator.ts";
import type { operations } from "./operations.ts";

/** Node 24 runs the sources as they are; an older one would fail on them with a message that helps nobody. */
const NODE_MAJOR = 24;

const MILLION_LEADS = 1_000_000;

const COST_COLUMNS = `
Columns:
  id        your own key of the line; a line with the same id replaces the one imported before. Without it a line is
            known by its content: importing a file again changes nothing, but a corrected line is a new one
  date      YYYY-MM-DD, in the workspace's time zone (required)
  kind      program, operations (agencies, research, collateral, tools) or labour (required)
  campaign  id or exact name of a campaign: a campaign with entries of kind program has these as its cost, in place of
            its actual cost in the CRM
  program   name of a program that is no campaign of the CRM, in place of campaign
  amount    1234.50, may be below 0 for a credit
  currency  ISO code; blank: the workspace's
  hours     of labour, with rate, in place of amount
  rate      money an hour
  note_id   number of the invoice or the like; kept, not read
Operations and labour count in the fully loaded metrics. Those without a campaign are spread over the programs of their
month (investment.load_by). A wrong line is named with its number, and nothing is imported.`;

/** @throws UsageError for a file that cannot be read */
async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: is the path right, and may you read it?`, { cause: error });
  }
}

function appOptions(options: CommonOptions): AppOptions {
  return {
    ...(options.config === undefined ? {} : { configFile: options.config }),
    ...(options.env === undefined ? {} : { envFile: options.env }),
  };
}

/**
 * Runs a command on the store and prints its answer. What a command needs is loaded when it runs: loading everything
 * takes over a second, too long for a help text.
 */
async function operate(
  name: keyof typeof operations,
  args: Json,
  options: CommonOptions & { readonly out?: string },
): Promise<void> {
  const { createProgress } = await import("./report/create-progress.ts");
  const { runOperation } = await import("./runtime.ts");
  const progress = createProgress({
    stream: process.stderr,
    isTerminal: process.stderr.isTTY === true,
    clock: systemClock,
  });
  try {
    const answer = await runOperation(name, args, appOptions(options), progress);
    progress.close();
    if (options.out !== undefined) {
      const file = resolve(options.out);
      await writeFile(file, options.json === true ? JSON.stringify(answer.json) : answer.text, "utf8");
      await (options.json === true ? printJson({ file }) : print(`Written to ${file}`));
    } else {
      await (options.json === true ? printJson(answer.json) : print(answer.text));
    }
    if (answer.isFailure) process.exitCode = exitCodes.failed;
  } finally {
    progress.close();
  }
}

function buildProgram(): Command {
  const program = new Command("ripeline")
    .description(
      "Keeps leads from rotting and shows what each dollar of marketing investment returns: reads a CRM, measures, and " +
        "writes the answers back to it.",
    )
    .exitOverride()
    .showHelpAfterError("(ripeline COMMAND --help shows what a command takes)")
    .configureHelp({ sortSubcommands: false });

  withCommonOptions(
    program
      .command("demo")
      .description("starts an emulated CRM with a company in it, runs one whole cycle and shows the report")
      .option("--data <dir>", "real data instead of the seeded company (the Olist marketing funnel)")
      .option("--leads <n>", "leads of the seeded company", wholeNumber("--leads", 1, MILLION_LEADS))
      .addOption(
        new Option(
          "--crm <list>",
          "where the company keeps its records: salesforce, hubspot, or both between commas",
        )
          .argParser(crmNames)
          .default(["salesforce"], "salesforce"),
      )
      .option("--html <file>", "where the report goes", "ripeline-report.html"),
    [
      "ripeline demo",
      "ripeline demo --crm salesforce,hubspot",
      "ripeline demo --leads 20000",
      "ripeline demo --data ./olist --json",
    ],
  ).action(async (options: DemoOptions) => (await import("./demo.ts")).runDemo(options));

  withCommonOptions(
    program
      .command("emulator")
      .description("serves an emulated CRM over HTTP on 127.0.0.1 until it is stopped")
      .option("--port <n>", "port; 0 picks a free one", wholeNumber("--port", 0, 65_535), 0)
      .option("--leads <n>", "leads of the seeded company", wholeNumber("--leads", 0, MILLION_LEADS))
      .option("--seed <n>", "another company of the same kind", wholeNumber("--seed", 0, 2 ** 31), 1)
      .option(
        "--crm <list>",
        "one company: in salesforce, in hubspot, or over both; without it, one in each",
        crmNames,
      )
      .option("--empty", "an org with its users and set-up, and no leads")
      .option("--now <iso>", "the emulated clock's start; it runs on from there", instant("--now"))
      .option("--write-env <file>", "writes the variables that let any other command connect"),
    ["ripeline emulator --leads 5000 --write-env emulator.env", "ripeline sync --env emulator.env"],
  ).action(async (options: EmulatorCommandOptions) => (await import("./emulator.ts")).runEmulator(options));

  withCommonOptions(
    program
      .command("connect")
      .description(
        "checks a key of the environment, or signs in with a browser, and ties the store to the org or portal",
      )
      .addArgument(new Argument("<crm>").choices(["salesforce", "hubspot"]))
      .option("--browser", "signs in with a browser, also where a client secret would do without")
      .option(
        "--port <n>",
        "port of this machine that the browser comes back to: http://localhost:PORT/callback must be a callback of the app",
        wholeNumber("--port", 0, 65_535),
        1717,
      )
      .option("--no-open", "prints the address and opens no browser")
      .option("--rotate-key", "seals what is stored anew under the first key of RIPELINE_SECRET_KEY=NEW,OLD"),
    [
      "ripeline connect salesforce",
      "ripeline connect salesforce --browser --no-open",
      "ripeline connect hubspot",
    ],
  ).action(async (crm: CrmName, options: CommonOptions & ConnectOptions) => {
    const { connectRequest } = await import("./connect.ts");
    const { operation, args } = await connectRequest(appOptions(options), crm, options);
    await operate(operation, args, options);
  });

  withCommonOptions(
    program.command("doctor").description("tells what is missing before the numbers can be trusted"),
    ["ripeline doctor", "ripeline doctor --json"],
  ).action((options: CommonOptions) => operate("doctor", {}, options));

  withCommonOptions(
    program
      .command("plan")
      .description("shows every object, field and permission that apply would add, and what it will cost")
      .option("--api", "only the predicted API calls"),
    ["ripeline plan", "ripeline plan --api"],
  ).action((options: CommonOptions & { readonly api?: boolean }) =>
    operate("plan", { api: options.api ?? false }, options),
  );

  withCommonOptions(
    program
      .command("apply")
      .description("adds ripeline's objects, fields, formulas and permission set to the org")
      .option("--check-only", "lets the org validate the package and changes nothing")
      .option(
        "--assign-to <username>",
        "who gets the permission set, where an admin deploys for the integration user; default: who is signed in",
      ),
    ["ripeline apply --check-only", "ripeline apply", "ripeline apply --assign-to ripeline@acme.com"],
  ).action((options: CommonOptions & { readonly checkOnly?: boolean; readonly assignTo?: string }) =>
    operate("apply", { checkOnly: options.checkOnly ?? false, assignTo: options.assignTo ?? null }, options),
  );

  withCommonOptions(
    program
      .command("sync")
      .description("one cycle: reads what is due, computes, writes back what changed")
      .option("--all", "every stream, due or not")
      .option(
        "--resume-lead-writes",
        "writes to leads again after ripeline stopped because its writes moved owners (see `status`)",
      )
      .option("--resume-writes", "writes again after `undo` paused it")
      .option("--reconcile", "compares all ids with the CRM's first, as `start` does every night")
      .option(
        "--accept-vanished",
        "as --reconcile; takes records as deleted although suspiciously many vanished (see `status`)",
      ),
    ["ripeline sync", "ripeline sync --all --json", "ripeline sync --reconcile"],
  ).action(
    (
      options: CommonOptions & {
        readonly all?: boolean;
        readonly resumeLeadWrites?: boolean;
        readonly resumeWrites?: boolean;
        readonly reconcile?: boolean;
        readonly acceptVanished?: boolean;
      },
    ) =>
      operate(
        "sync",
        {
          all: options.all ?? false,
          resumeLeadWrites: options.resumeLeadWrites ?? false,
          resumeWrites: options.resumeWrites ?? false,
          reconcile: options.reconcile ?? false,
          acceptVanished: options.acceptVanished ?? false,
        },
        options,
      ),
  );

  withCommonOptions(
    program
      .command("report")
      .description("prints the metrics of the last compute")
      .argument(
        "[metric]",
        "one metric; load_v_rot: what became of leads by how loaded the rep was when they came; without it, all",
      )
      .addOption(
        new Option("--by <grain>", "one row each").choices([
          "source",
          "campaign",
          "rep",
          "team",
          "load_quartile",
          "month",
        ]),
      )
      .addOption(new Option("--period <type>", "periods to show").choices(["month", "lifetime", "day"]))
      .addOption(
        new Option("--basis <basis>", "how periods are read").choices([
          "point_in_time",
          "in_period",
          "cohort",
        ]),
      )
      .addOption(
        new Option("--format <format>", "form").choices(["table", "json", "csv", "html"]).default("table"),
      )
      .option("--as-of <iso>", "computes for this instant first", instant("--as-of"))
      .option("--out <file>", "writes to a file"),
    [
      "ripeline report",
      "ripeline report rotting_lead_rate --by rep",
      "ripeline report load_v_rot",
      "ripeline report --by campaign --format csv",
    ],
  ).action(
    (
      metric: string | undefined,
      options: CommonOptions & {
        readonly by?: string;
        readonly period?: string;
        readonly basis?: string;
        readonly format: string;
        readonly asOf?: Date;
        readonly out?: string;
      },
    ) =>
      operate(
        "report",
        {
          metric: metric ?? null,
          by: options.by ?? null,
          period: options.period ?? null,
          basis: options.basis ?? null,
          format: options.json === true ? "json" : options.format,
          asOf: options.asOf?.toISOString() ?? null,
          width: process.stdout.columns ?? 120,
          color: process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined,
        },
        options,
      ),
  );

  withCommonOptions(
    program
      .command("explain")
      .description("a metric's formula, its numbers for one row and every record behind them")
      .argument("<metric>")
      .argument(
        "<row>",
        "workspace, rep:<user id>, source:<text>, campaign:<id>, team:<role id> or load_quartile:<1 to 4>",
      ),
    ["ripeline explain rotting_lead_rate workspace", "ripeline explain pipeline_per_dollar campaign:701..."],
  ).action((metric: string, row: string, options: CommonOptions) =>
    operate("explain", { metric, row }, options),
  );

  const costs = program.command("costs").description("the dated cost ledger");
  withCommonOptions(
    costs
      .command("import")
      .description("takes a CSV file of dated costs into the ledger: every line, or none")
      .argument("<file>", "CSV with a header line; columns in any order")
      .addHelpText("after", COST_COLUMNS),
    ["ripeline costs import costs.csv"],
  ).action(async (file: string, options: CommonOptions) =>
    operate("costsImport", { file, text: await readText(file) }, options),
  );

  withCommonOptions(
    program.command("start").description("runs every job at its cadence until it is stopped"),
    ["ripeline start"],
  ).action(async (options: CommonOptions) => (await import("./start.ts")).runStart(options));

  withCommonOptions(
    program.command("worker").description("runs jobs beside other workers; needs DATABASE_URL and REDIS_URL"),
    ["ripeline worker"],
  ).action(async (options: CommonOptions) => (await import("./worker.ts")).runWorker(options));

  withCommonOptions(
    program.command("status").description("how far each stream is read and how the last runs ended"),
    ["ripeline status", "ripeline status --json"],
  ).action((options: CommonOptions) => operate("status", {}, options));

  withCommonOptions(
    program
      .command("audit")
      .description("every write to the CRM, newest first: object, record, field, run, old, new, instant")
      .option("--run <run>", "writes of one run")
      .option("--record <id>", "writes to one record")
      .option("--object <name>", "writes to one object: Lead, Ripeline_Handoff__c, ...")
      .option(
        "--limit <n>",
        "writes to list, each a record in a run with all its fields",
        wholeNumber("--limit", 1, 100_000),
        50,
      ),
    ["ripeline audit", "ripeline audit --record 00Q...", "ripeline audit --run RUN --json"],
  ).action(
    (
      options: CommonOptions & {
        readonly run?: string;
        readonly record?: string;
        readonly object?: string;
        readonly limit: number;
      },
    ) =>
      operate(
        "audit",
        {
          runId: options.run ?? null,
          record: options.record ?? null,
          object: options.object ?? null,
          limit: options.limit,
        },
        options,
      ),
  );

  withCommonOptions(
    program
      .command("undo")
      .description(
        "takes back what a run wrote, where the CRM still holds it, and pauses writing until sync --resume-writes",
      )
      .argument("<run>", "run id, as `ripeline audit` shows it; an undo is a run too")
      .option("--dry-run", "shows what would be taken back and changes nothing"),
    ["ripeline undo RUN --dry-run", "ripeline undo RUN"],
  ).action((run: string, options: CommonOptions & { readonly dryRun?: boolean }) =>
    operate("undo", { runId: run, isDryRun: options.dryRun ?? false }, options),
  );

  withCommonOptions(
    program
      .command("forget")
      .description(
        "erases a person from ripeline's store and keeps pulls from bringing it back; the CRM is not touched",
      )
      .argument(
        "<person>",
        "id of a lead or contact, or an e-mail address; its duplicates and conversions go too",
      ),
    ["ripeline forget 00Q...", "ripeline forget contact:123", "ripeline forget ann@example.com"],
  ).action((person: string, options: CommonOptions) => operate("forget", { person }, options));

  return program;
}

async function main(): Promise<void> {
  const version = process.versions.node;
  if (Number(version.split(".")[0]) < NODE_MAJOR) {
    throw new UsageError(
      `Node ${version} is too old: ripeline needs Node ${NODE_MAJOR}. In a clone, start it with npm, which brings it: ` +
        "npm run -s ripeline -- COMMAND",
    );
  }
  await buildProgram().parseAsync(process.argv);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof CommanderError)) process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = exitCodeOf(error);
  const isHelp = process.exitCode === exitCodes.done;
  if (process.argv.includes("--json") && !isHelp) await printJson(failureJson(error));
}
