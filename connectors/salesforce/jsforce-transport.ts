import { PassThrough } from "node:stream";
// The package root lists this name but leaves it undefined.
import { StreamPromise } from "jsforce/lib/util/promise.js";

/** What jsforce hands to its transport; a structural copy of the members we read. */
export interface JsforceRequest {
  readonly url: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface JsforceResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** Fits `Connection._transport` and `OAuth2._transport`. */
export interface JsforceTransport {
  httpRequest(request: JsforceRequest): StreamPromise<JsforceResponse>;
  getRequestStreamCreator(): () => PassThrough;
}

/**
 * Puts our HTTP layer under jsforce. Its own one retries GETs five times on its own account, counts nothing, and sends
 * loopback calls to a proxy; ours does none of that. Errors thrown by `send` pass through jsforce unchanged.
 */
export function jsforceTransport(
  send: (request: JsforceRequest) => Promise<JsforceResponse>,
): JsforceTransport {
  return {
    httpRequest: (request) =>
      StreamPromise.create(() => ({ stream: new PassThrough(), promise: send(request) })),
    getRequestStreamCreator: () => () => new PassThrough(),
  };
}
