/** The few calls that a connector makes on a logger; pino fits. Ids and counts only: no secrets, no personal data. */
export interface ConnectorLog {
  debug(facts: Readonly<Record<string, unknown>>, message: string): void;
  info(facts: Readonly<Record<string, unknown>>, message: string): void;
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
}

/** Drops everything; for tests and for callers without a log. */
export const silentLog: ConnectorLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
};
