/** Without this file Vega would be loaded by sessions that draw nothing, or only once all is computed. */
import { registerHooks } from "node:module";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { open, run } from "./open.ts";

let loaded = false;
registerHooks({
  resolve: (specifier, context, next) => {
    loaded ||= specifier.endsWith("/plot/vega.ts");
    return next(specifier, context);
  },
});

/** Whether what draws was being loaded when the first result came. */
async function loadedAtFirstResult(text: string): Promise<boolean> {
  const session = await open();
  let then: boolean | null = null;
  const { outcome } = await run(session, text, undefined, (event) => {
    if (event.kind === "result") then ??= loaded;
  });
  await session.close();
  assert.is(outcome.exitCode, 0);
  return then ?? false;
}

test("a histogram in the terminal loads nothing that draws on paper", async () => {
  assert.not(await loadedAtFirstResult("sample perfect 2 | acts layer 7 | tee (stats) | hist l0"));
});

test("a drawing that will be saved is prepared while the engine computes", async () => {
  assert.ok(await loadedAtFirstResult('sample perfect 2 | acts layer 7 | tee (stats) | hist l0 | save "l0.svg"'));
});

test.run();
