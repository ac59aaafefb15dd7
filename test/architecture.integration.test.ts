import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { afterEach, describe, expect, test } from "vitest";
import { layerRules, layers, noCycles } from "./support/layers.ts";

const repository = join(import.meta.dirname, "..");

async function check(baseDir: string, folders: readonly string[]): Promise<ICruiseResult> {
  const { output } = await cruise([...folders], {
    baseDir,
    validate: true,
    ruleSet: { forbidden: [...layerRules, noCycles] },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { extensions: [".ts"] },
  });
  if (typeof output === "string") throw new TypeError("expected a result object");
  return output;
}

const places: string[] = [];

afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true, force: true });
});

/** A little tree of its own with one bad import in it. */
function seed(files: Readonly<Record<string, string>>): string {
  const place = mkdtempSync(join(repository, "node_modules", ".layers-"));
  places.push(place);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(place, path, ".."), { recursive: true });
    writeFileSync(join(place, path), text);
  }
  return place;
}

describe("layers", () => {
  test("every import goes where the layer table allows, and none goes in a circle", async () => {
    const result = await check(repository, ["src", "connectors", "jobs"]);
    expect(result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual(
      [],
    );
    // A checker that sees no files finds no violations.
    expect(result.modules.filter((module) => !module.source.includes("node_modules")).length).toBeGreaterThan(
      50,
    );
  });

  test("every source file belongs to a layer of the table", async () => {
    const result = await check(repository, ["src", "connectors", "jobs"]);
    const ours = result.modules
      .map((module) => module.source)
      .filter((path) => /^(src|connectors|jobs)\//.test(path));
    const homeless = ours.filter((path) => !Object.keys(layers).some((layer) => path.startsWith(layer)));
    expect(homeless).toEqual([]);
  });

  test("a type-only import across layers is reported", async () => {
    const place = seed({
      "src/mirror/a.ts": 'import type { B } from "../writeback/b.ts";\nexport type A = B;\n',
      "src/writeback/b.ts": "export type B = string;\n",
    });
    const result = await check(place, ["src"]);
    expect(result.summary.violations.map(({ rule }) => rule.name)).toEqual(["layer src/mirror/"]);
  });

  test("a circle is reported", async () => {
    const place = seed({
      "src/core/a.ts": 'import { b } from "./b.ts";\nexport const a = () => b;\n',
      "src/core/b.ts": 'import { a } from "./a.ts";\nexport const b = () => a;\n',
    });
    const result = await check(place, ["src"]);
    expect(result.summary.violations.map(({ rule }) => rule.name)).toContain("no cycles");
  });
});
