import type { SeedableOrg } from "../../../../src/emulator/salesforce/company/row-buffer.ts";
import type { FieldValues } from "../../../../src/emulator/salesforce/org.ts";

/** What a start company uses of an org, keeping every row by object in the order of loading. */
export interface RecordingOrg {
  readonly org: SeedableOrg;
  readonly rows: (object: string) => readonly FieldValues[];
  readonly objects: ReadonlyMap<string, readonly FieldValues[]>;
}

export function recordingOrg(currencies: "one" | "many" = "many"): RecordingOrg {
  const objects = new Map<string, FieldValues[]>();
  const fields = currencies === "many" ? [{ name: "Id" }, { name: "CurrencyIsoCode" }] : [{ name: "Id" }];
  return {
    objects,
    rows: (object) => objects.get(object) ?? [],
    org: {
      adminUser: { id: "0058d0000000zzyAAA", username: "admin@alderworks.example" },
      describe: () => ({ fields }),
      dump: (object) => objects.get(object) ?? [],
      load: (object, rows) => {
        const kept = objects.get(object) ?? [];
        objects.set(object, kept);
        const before = kept.length;
        for (const row of rows) kept.push(row);
        return { loaded: kept.length - before };
      },
    },
  };
}
