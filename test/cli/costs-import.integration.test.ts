import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runRipeline } from "../support/run-ripeline.ts";
import { prepareDataDirectory } from "../support/test-database.ts";

/** `costs import` needs a store and no CRM: programs that are no campaign, operations and labour name none. */
const folder = mkdtempSync(join(tmpdir(), "ripeline-costs-"));
const data = { RIPELINE_DATA_DIR: join(folder, "data") };
beforeAll(() => prepareDataDirectory(data.RIPELINE_DATA_DIR));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function costFile(...lines: readonly string[]): string {
  const file = join(folder, "costs.csv");
  writeFileSync(file, `id,date,kind,program,amount,hours,rate\n${lines.join("\n")}\n`);
  return file;
}

test("a file is taken in, taken again without a change, and refused whole for one wrong line", async () => {
  const good = "a,2026-01-15,program,Podcast,50,,";
  const first = await runRipeline(
    folder,
    ["costs", "import", costFile(good, "b,2026-01-16,labour,,,3,40")],
    data,
  );
  expect(first.err).not.toContain("ripeline:");
  expect(first.out).toMatch(
    /costs\.csv: 2 entries, dated 2026-01-15 to 2026-01-16: 2 new, 0 replaced, 0 as they were\. The next `ripeline sync`/,
  );
  const again = await runRipeline(folder, ["costs", "import", costFile(good), "--json"], data);
  expect(JSON.parse(again.out)).toMatchObject({ entries: 1, added: 0, replaced: 0, unchanged: 1 });

  const wrong = await runRipeline(
    folder,
    ["costs", "import", costFile(good, "c,2026-01-17,program,Radio,5 EUR,,")],
    data,
  );
  expect(wrong.code).toBe(1);
  expect(wrong.err).toMatch(/costs\.csv:3: amount "5 EUR" is no number; write it like 1234\.50/);
  expect(wrong.err).toMatch(/Nothing was imported/);
});

test("a file that is not there is a wrong command line; the help tells every column", async () => {
  const missing = await runRipeline(folder, ["costs", "import", "no-such.csv"], data);
  expect([missing.code, missing.out]).toEqual([2, ""]);
  expect(missing.err).toMatch(/no-such\.csv cannot be read/);
  const help = await runRipeline(folder, ["costs", "import", "--help"]);
  for (const column of "id date kind campaign program amount currency hours rate note_id".split(" ")) {
    expect(help.out).toMatch(new RegExp(`^  ${column} `, "m"));
  }
});
