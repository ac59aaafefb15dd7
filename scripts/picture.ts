/**
 * Takes the README's picture of the report: the first screens of a given HTML file, light, 1,200 pixels wide.
 *
 *   node scripts/picture.ts ripeline-report.html docs/report.png
 *
 * Needs Chromium: CHROMIUM_PATH, else the usual places.
 */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const WIDTH = 1200;
const HEIGHT = 1260;
/** A README's picture should load at once. */
const LARGEST_BYTES = 300_000;

const [source, target = "docs/report.png"] = process.argv.slice(2);
if (source === undefined) {
  console.error("Usage: node scripts/picture.ts REPORT.html [PICTURE.png]");
  process.exit(2);
}
const browserPath = [process.env["CHROMIUM_PATH"], "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);
if (browserPath === undefined) {
  console.error("No Chromium found. Install one, or set CHROMIUM_PATH to its program, and run this again.");
  process.exit(1);
}

const browser = await chromium.launch({
  executablePath: browserPath,
  args: ["--no-sandbox", "--disable-background-networking"],
});
try {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, colorScheme: "light" });
  await page.goto(pathToFileURL(resolve(source)).href);
  await page.screenshot({ path: target });
} finally {
  await browser.close();
}
const { size } = await stat(target);
console.log(`${target}: ${WIDTH} x ${HEIGHT}, ${size.toLocaleString("en")} bytes`);
if (size > LARGEST_BYTES) {
  console.error(`That is more than ${LARGEST_BYTES.toLocaleString("en")} bytes; take a shorter piece.`);
  process.exitCode = 1;
}
