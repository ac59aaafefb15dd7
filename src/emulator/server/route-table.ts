import type { Operation } from "../operations.ts";

export interface RouteMatch<O extends Operation> {
  readonly operation: O;
  /** Decoded values of the path's `{names}`. */
  readonly params: Readonly<Record<string, string>>;
}

export interface RouteTable<O extends Operation> {
  /** A string is a path that exists for other methods only: the list of those. Undefined: no such path. */
  find(method: string, path: string): RouteMatch<O> | readonly string[] | undefined;
}

interface CompiledRoute<O> {
  readonly operation: O;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

function compile<O extends Operation>(operation: O): CompiledRoute<O> {
  const names: string[] = [];
  const source = operation.path
    .split("/")
    .map((segment) => {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name === undefined) return segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      names.push(name);
      return "([^/]+)";
    })
    .join("/");
  return { operation, pattern: new RegExp(`^${source}/?$`, "i"), names };
}

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A stray percent sign is not the client's undoing: the vendor takes the segment as it stands.
    return segment;
  }
};

/** First fitting operation wins, so the order of `operations` is the precedence. */
export function createRouteTable<O extends Operation>(operations: readonly O[]): RouteTable<O> {
  const routes = operations.map(compile);
  return {
    find: (method, path) => {
      const allowed: string[] = [];
      for (const route of routes) {
        const found = route.pattern.exec(path);
        if (found === null) continue;
        if (route.operation.method !== method) {
          allowed.push(route.operation.method);
          continue;
        }
        const params: Record<string, string> = {};
        route.names.forEach((name, index) => {
          params[name] = decode(found[index + 1] ?? "");
        });
        return { operation: route.operation, params };
      }
      return allowed.length > 0 ? [...new Set(allowed)] : undefined;
    },
  };
}
