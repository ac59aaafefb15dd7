import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { environmentSchema, parseEnvironment, salesforceAccess } from "../../src/config/environment.ts";

const example = join(import.meta.dirname, "..", "..", ".env.example");

describe("the environment", () => {
  test(".env.example names exactly the variables that the code reads", () => {
    const named = [...readFileSync(example, "utf8").matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1] ?? "");
    expect(named.toSorted()).toEqual(Object.keys(environmentSchema.shape).toSorted());
  });

  test("Redis without Postgres is refused with the way out", () => {
    expect(() => parseEnvironment({ REDIS_URL: "redis://127.0.0.1:6379" })).toThrow(
      /REDIS_URL is set without DATABASE_URL.*Set DATABASE_URL/s,
    );
  });

  test("a wrong address is refused by the variable's name, without its value", () => {
    expect(() => parseEnvironment({ DATABASE_URL: "mysql://root:hunter2@db" })).toThrow(
      /^DATABASE_URL: expected an address starting with postgres:\/\/ or postgresql:\/\/$/,
    );
  });

  test("an empty variable counts as not set", () => {
    expect(parseEnvironment({ DATABASE_URL: "" }).DATABASE_URL).toBeUndefined();
  });

  test("no variable of Salesforce means no connection", () => {
    expect(salesforceAccess(parseEnvironment({}))).toBeNull();
  });

  test("half a connection says what is missing", () => {
    const environment = parseEnvironment({
      SALESFORCE_CLIENT_ID: "3MVG9",
      SALESFORCE_PRIVATE_KEY_FILE: "/k.pem",
    });
    expect(() => salesforceAccess(environment)).toThrow(/SALESFORCE_USERNAME is missing/);
  });

  test("a key file that does not exist is named", () => {
    const environment = parseEnvironment({
      SALESFORCE_CLIENT_ID: "3MVG9",
      SALESFORCE_USERNAME: "integration@example.com",
      SALESFORCE_PRIVATE_KEY_FILE: "/nowhere/key.pem",
    });
    expect(() => salesforceAccess(environment)).toThrow(/\/nowhere\/key\.pem does not exist/);
  });
});
