import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseSettings, readSettings, settingsJsonSchema } from "../../src/config/read-settings.ts";
import { settingsFileSchema } from "../../src/config/settings-schema.ts";

const repository = join(import.meta.dirname, "..", "..");
const example = join(repository, "docs", "ripeline.example.yaml");

describe("ripeline.yaml", () => {
  test("the shipped example says exactly the defaults", () => {
    const parsed = parseSettings(readFileSync(example, "utf8"), "ripeline.example.yaml");
    expect(parsed).toEqual(settingsFileSchema.parse({}));
  });

  test("the shipped example names every key", () => {
    const text = readFileSync(example, "utf8");
    const topKeys = Object.keys(settingsFileSchema.shape);
    expect(topKeys.filter((key) => !text.includes(`\n${key}:`))).toEqual([]);
  });

  test.each([
    [
      "an unknown key",
      "rot:\n  max_unloged: 3\n",
      /^f\.yaml:2: rot\.max_unloged: unknown key; known here: start_from/,
    ],
    [
      "a wrong value",
      "rot:\n  restart: maybe\n",
      /^f\.yaml:2: rot\.restart: .*"untouched"\|"always"\|"never"/,
    ],
    [
      "a wrong zone",
      "\nworkspace:\n  time_zone: Mars/X\n",
      /^f\.yaml:3: workspace\.time_zone: expected an IANA time zone/,
    ],
    [
      "a twin that holds another's money",
      "investment:\n  twins:\n    - {holder: a, twin: b}\n    - {holder: b, twin: c}\n",
      /^f\.yaml:2: investment\.twins: .*may be a twin itself/,
    ],
    ["broken YAML", "rot: [\n", /^f\.yaml:\d+: not valid YAML/],
    [
      "a broken pattern",
      "touch:\n  ignore_subjects: ['(']\n",
      /f\.yaml:2: touch\.ignore_subjects\.0: expected a regular/,
    ],
  ])("%s is refused with its line and what was expected", (_, text, message) => {
    expect(() => parseSettings(text, "f.yaml")).toThrow(message);
  });

  test("hosts that secrets may go to are hosts, in lower case", () => {
    const hostsOf = (hosts: string) =>
      parseSettings(`connections:\n  salesforce:\n    allowed_hosts: [${hosts}]\n`, "f.yaml").connections
        .salesforce.allowed_hosts;
    expect(hostsOf('Gateway.ACME.com, "gateway.acme.com:8443"')).toEqual([
      "gateway.acme.com",
      "gateway.acme.com:8443",
    ]);
    for (const wrong of [
      "https://gateway.acme.com",
      "gateway.acme.com/api",
      "me@gateway.acme.com",
      '"*.acme.com"',
      '""',
    ]) {
      expect(() => hostsOf(wrong), wrong).toThrow(
        /f\.yaml:3: connections\.salesforce\.allowed_hosts\.0: expected a host/,
      );
    }
  });

  test("a file that does not exist is named", () => {
    expect(() => readSettings("no-such.yaml")).toThrow(/no-such\.yaml: no such file/);
  });

  test("the JSON Schema describes the same top-level keys", () => {
    const properties = settingsJsonSchema()["properties"];
    expect(Object.keys(properties ?? {})).toEqual(Object.keys(settingsFileSchema.shape));
  });

  test("a calendar's weekdays become ISO weekday numbers", () => {
    const text =
      'rot:\n  calendars:\n    - { name: a, time_zone: UTC, days: { sunday: { open: "10:00", close: "12:00" } } }\n';
    expect(parseSettings(text, "f.yaml").rot.calendars[0]?.days.sunday).toEqual({
      open: "10:00",
      close: "12:00",
    });
  });
});
