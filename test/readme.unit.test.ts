import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fillTables } from "../scripts/readme-tables.ts";

const repository = join(import.meta.dirname, "..");
const readme = readFileSync(join(repository, "README.md"), "utf8");

describe("README", () => {
  test("its tables are the data's (npm run docs renews them)", () => {
    expect(fillTables(readme)).toBe(readme);
  });

  test("its first screen has the two commands and says that no live org was met", () => {
    const firstScreen = readme.split("\n").slice(0, 45).join("\n");
    expect(firstScreen).toContain("npm ci && npm run demo");
    expect(firstScreen).toContain("npm ci && npm test");
    expect(firstScreen).toMatch(/not (yet )?met a live org/i);
  });

  test("every file it links to exists", () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map((match) => match[1] ?? "");
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      expect(() => readFileSync(join(repository, link.split("#")[0] ?? ""))).not.toThrow();
    }
  });
});
