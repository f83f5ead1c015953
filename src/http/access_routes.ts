import type { RouteDescription } from "./route_description.ts";

/** Tells whether a request is for a route, by its method and its path as the router reads it. */
export type RouteTest = (method: string, path: string) => boolean;

/**
 * Tells which requests are for routes of one kind: with `infer` those that a token of the role `infer`
 * may use, with `open` those that need none. What is described by nobody, or says nothing, is of
 * neither.
 */
export function routesWith(
  access: NonNullable<RouteDescription["access"]>,
  routes: readonly RouteDescription[],
): RouteTest {
  const those = routes.filter((route) => route.access === access)
    .map(({ method, path }) => ({ method: method.toUpperCase(), pattern: patternOf(path) }));
  return (method, path) => {
    // Answered by the route of GET.
    const asked = method === "HEAD" ? "GET" : method;
    return those.some((route) => route.method === asked && route.pattern.test(path));
  };
}

/** What stands in braces is one part of a path, but for `{path}` and a model's id, which may hold slashes. */
function patternOf(path: string): RegExp {
  const source = path.split(/(\{\w+\})/).map((part) =>
    !part.startsWith("{")
      ? part.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&")
      : part === "{path}" || path === "/v1/models/{id}"
      ? ".+"
      : "[^/]+"
  );
  return new RegExp(`^${source.join("")}$`);
}
