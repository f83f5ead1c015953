/**
 * Keeps the event loop of a test file going from its first test to its last. What llama.cpp computes in
 * threads of its own keeps nothing going: a role listens meanwhile, a test that does nothing else is ended
 * in the middle of it ("the event loop has already resolved"), now and then.
 */
export function stayAwake(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  Deno.test.beforeAll(() => {
    timer = setTimeout(() => {}, 3_600_000);
  });
  Deno.test.afterAll(() => clearTimeout(timer));
}
