import type { RouteDescription } from "./route_description.ts";

/**
 * Tells which requests a token of the role `infer` may send: those for routes whose description says
 * so. What is described by nobody, or says nothing, is not among them.
 *
 * @returns Whether a method and a path, as the router reads it, are among them.
 */
export function inferRoutes(
  routes: readonly RouteDescription[],
): (method: string, path: string) => boolean {
  const open = routes.filter(({ access }) => access === "infer")
    .map(({ method, path }) => ({ method: method.toUpperCase(), pattern: patternOf(path) }));
  return (method, path) => {
    // Answered by the route of GET.
    const asked = method === "HEAD" ? "GET" : method;
    return open.some((route) => route.method === asked && route.pattern.test(path));
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
