import { z } from "zod";
import { catalog } from "../../src/metrics/catalog.ts";
import { ridingFields, targetObjects } from "../../src/writeback/targets.ts";

const Record = z.record(z.string(), z.unknown());

/** What ripeline has put into an org, by object and record: the fields of ours that must not depend on chance. */
export type OrgState = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Reads it from the emulator, past every API. Left out are the columns that ride along with other changes (ages, counts
 * of trust, calls used): an interrupted run used more calls, and says so.
 * Records of our own objects are told apart by their key; a key that stands twice is an error.
 */
export async function readOrgState(control: string): Promise<OrgState> {
  const state: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const target of targetObjects({ closedStatuses: [], catalog })) {
    const riding = new Set(ridingFields(target));
    const response = await fetch(`${control}/records/salesforce/${target.object}`);
    if (!response.ok) throw new Error(`${target.object}: ${await response.text()}`);
    for (const line of (await response.text()).split("\n")) {
      if (line === "") continue;
      const record = Record.parse(JSON.parse(line));
      if (record["IsDeleted"] === true) continue;
      const ours = Object.entries(record).filter(
        ([name, value]) =>
          name.startsWith("Ripeline_") && !riding.has(name) && value !== null && value !== false,
      );
      if (ours.length === 0) continue;
      const key = `${target.object} ${String(target.isOurs ? record[target.keyField] : record["Id"])}`;
      if (key in state) throw new Error(`${key} stands twice in the org`);
      state[key] = Object.fromEntries(ours.toSorted(([left], [right]) => (left < right ? -1 : 1)));
    }
  }
  return state;
}

/** The first few differences, in words; empty where there is none. */
export function differences(found: OrgState, wanted: OrgState): readonly string[] {
  const keys = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].toSorted();
  return keys
    .flatMap((key) => {
      const mine = found[key];
      const theirs = wanted[key];
      if (mine === undefined) return [`${key} is missing`];
      if (theirs === undefined) return [`${key} should not be there`];
      const names = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
      return names
        .filter((name) => JSON.stringify(mine[name]) !== JSON.stringify(theirs[name]))
        .map(
          (name) =>
            `${key}.${name}: ${JSON.stringify(mine[name])} instead of ${JSON.stringify(theirs[name])}`,
        );
    })
    .slice(0, 8);
}
