import { describe, expect, test } from "vitest";
import {
  AuthError,
  ConfigError,
  PermissionError,
  QuotaExhaustedError,
  RateLimitedError,
  RequestRefusedError,
  type RipelineError,
  TransientHttpError,
  WireShapeError,
  WrongOrgError,
} from "../../src/core/errors.ts";
import { StatementError } from "../../src/database/errors.ts";
import { failedCheck } from "../../src/provision/failed-check.ts";

const refusedStatement = new StatementError({
  message: "no space left on device",
  code: "53100",
  severity: undefined,
  schema: undefined,
  table: undefined,
  column: undefined,
  constraint: undefined,
  line: undefined,
  detail: undefined,
});

describe("what stopped the doctor", () => {
  test.each<readonly [string, RipelineError, RegExp]>([
    ["settings of the connection", new ConfigError("half a connection"), /\.env/],
    ["sign-in", new AuthError("salesforce", "invalid_grant"), /integration user is active/],
    ["permissions", new PermissionError("salesforce", "API_DISABLED"), /permission set/],
    ["API calls", new RateLimitedError("salesforce", 9_001), /again in 10 s$/],
    ["API calls", new QuotaExhaustedError("salesforce", "spent"), /24 hours/],
    ["network", new TransientHttpError("salesforce", "no answer", undefined), /HTTPS_PROXY/],
    ["org", new WrongOrgError("salesforce", "another org answers"), /RIPELINE_DATA_DIR/],
    ["answers of the org", new WireShapeError("salesforce", "no versions"), /report the line above/],
    ["answers of the org", new RequestRefusedError("salesforce", "no", 400, "X"), /report the line above/],
    ["store", refusedStatement, /space on its disk/],
  ])("%s: %s", (name, error, next) => {
    const check = failedCheck(error);
    expect(check).toMatchObject({ name, level: "fail", found: error.message });
    expect(check.next).toMatch(next);
  });
});
