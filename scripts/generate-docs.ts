import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillTables } from "./readme-tables.ts";

/** Renews the tables of README.md that are made from data: `npm run docs`. A test holds them to the data. */
const file = join(import.meta.dirname, "..", "README.md");
writeFileSync(file, fillTables(readFileSync(file, "utf8")));
