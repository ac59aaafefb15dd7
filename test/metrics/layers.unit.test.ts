import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Texts of the models by path below `src/metrics/models`, without their comments. */
function models(): ReadonlyMap<string, string> {
  const folder = join(import.meta.dirname, "../../src/metrics/models");
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return new Map(
    paths
      .filter((path) => path.endsWith(".sql"))
      .map((path) => [path, readFileSync(join(folder, path), "utf8").replaceAll(/--[^\n]*/g, "")]),
  );
}

const readsMirror = (text: string) => /\bmirror\./.test(text);

test("only staging models of a CRM read the mirror, and each that CRM's tables alone", () => {
  const found = [...models()].filter(([, text]) => readsMirror(text)).map(([path]) => path);
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter((path) => !/^staging\/(salesforce|hubspot)\//.test(path))).toEqual([]);
  const strangers = [...models()].filter(
    ([path, text]) =>
      (path.startsWith("staging/salesforce/") && text.includes("mirror.hubspot_")) ||
      (path.startsWith("staging/hubspot/") && text.includes("mirror.salesforce_")),
  );
  expect(strangers.map(([path]) => path)).toEqual([]);
});

test("the models after staging are of no connection: a record is joined by connection and id", () => {
  const later = [...models()].filter(([path]) => !/^staging\/[a-z]+\//.test(path));
  expect(later.length).toBeGreaterThan(30);
  const bound = later.filter(([, text]) => /connection_id = \$/.test(text));
  expect(bound.map(([path]) => path)).toEqual([]);
  // `x.lead_id = y.lead_id` without the connections beside it would join two CRMs' records of one id.
  const bare = later.flatMap(([path, text]) =>
    text
      .split(/\bjoin\b|\bwhere\b|\bselect\b/)
      .filter((part) => /\w+\.(lead_id|opportunity_id|contact_id) = \w+\.\w+/.test(part))
      .filter((part) => !/connection_id = \w+\.\w+/.test(part))
      .map((part) => `${path}: ${part.trim().split("\n")[0]}`),
  );
  expect(bare).toEqual([]);
});
