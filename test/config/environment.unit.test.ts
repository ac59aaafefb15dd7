import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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

  test("a secret key of another form is refused without its value", () => {
    expect(() => parseEnvironment({ RIPELINE_SECRET_KEY: "hunter2" })).toThrow(
      /^RIPELINE_SECRET_KEY: expected 32 random bytes as base64/,
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

  describe("a ready access token", () => {
    const session = {
      SALESFORCE_INSTANCE_URL: "https://acme.my.salesforce.com",
      SALESFORCE_ACCESS_TOKEN: "00D!secret",
    };
    const access = (variables: Readonly<Record<string, string>>) =>
      salesforceAccess(parseEnvironment(variables));

    test("is enough by itself, also beside the login address that .env.example sets", () => {
      const found = { instanceUrl: "https://acme.my.salesforce.com", accessToken: "00D!secret" };
      expect(access(session)).toEqual(found);
      expect(access({ ...session, SALESFORCE_LOGIN_URL: "https://login.salesforce.com" })).toEqual(found);
    });

    test("does not drop the grant beside it, which renews it", () => {
      const folder = mkdtempSync(join(tmpdir(), "ripeline-key-"));
      writeFileSync(join(folder, "key.pem"), "a key");
      try {
        expect(
          access({
            ...session,
            SALESFORCE_CLIENT_ID: "3MVG9",
            SALESFORCE_USERNAME: "integration@example.com",
            SALESFORCE_PRIVATE_KEY_FILE: join(folder, "key.pem"),
          }),
        ).toEqual({
          loginUrl: "https://login.salesforce.com",
          clientId: "3MVG9",
          username: "integration@example.com",
          privateKey: "a key",
          instanceUrl: "https://acme.my.salesforce.com",
          accessToken: "00D!secret",
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
      expect(
        access({ ...session, SALESFORCE_CLIENT_ID: "3MVG9", SALESFORCE_CLIENT_SECRET: "s" }),
      ).toMatchObject({
        accessToken: "00D!secret",
        clientSecret: "s",
      });
    });

    test.each([
      ["a grant given by half", { ...session, SALESFORCE_CLIENT_ID: "3MVG9" }, /neither .*PRIVATE_KEY_FILE/],
      [
        "a user without a client",
        { ...session, SALESFORCE_USERNAME: "u" },
        /SALESFORCE_CLIENT_ID is missing/,
      ],
      [
        "no instance, though there is a grant",
        {
          SALESFORCE_ACCESS_TOKEN: "00D!secret",
          SALESFORCE_CLIENT_ID: "3MVG9",
          SALESFORCE_CLIENT_SECRET: "s",
        },
        /only with the SALESFORCE_INSTANCE_URL/,
      ],
    ])("is refused with %s", (_, variables, message) => {
      expect(() => access(variables)).toThrow(message);
      expect(() => access(variables)).not.toThrow(/secret/);
    });
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
