import { PermissionError, RequestRefusedError } from "../../src/core/errors.ts";

/** A tier without the feature, a scope that was not granted, a type that the portal does not have. */
export function isAbsence(error: unknown): error is PermissionError | RequestRefusedError {
  return (
    error instanceof PermissionError ||
    (error instanceof RequestRefusedError && (error.status === 404 || error.status === 400))
  );
}
