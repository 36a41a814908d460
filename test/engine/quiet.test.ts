/** Without this file nobody would notice that the runtime below saeq had begun to report what people do with it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../runtime/engine/engine.ts";
import { collect, documentsOf, smallModel } from "./small_model.ts";

/** Where ONNX Runtime's telemetry keeps its device id, its events and its logs. */
const PLACES = ["HOME", "TMPDIR", "XDG_CACHE_HOME"] as const;

test("an engine leaves nothing in the user's folders: no device id, no events, no logs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saeq-quiet-"));
  const before = PLACES.map((name) => [name, process.env[name]] as const);
  const model = smallModel();
  for (const name of PLACES) {
    mkdirSync(join(folder, name));
    process.env[name] = join(folder, name);
  }
  const engine = createEngine({ lanes: 1, threads: 1, batch: null });
  try {
    await collect(engine, model.forward, 2, documentsOf(4, 20, model.vocabulary));
  } finally {
    await engine.close();
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    model.remove();
  }
  assert.equal(readdirSync(folder, { recursive: true }).map(String).sort(), [...PLACES].sort());
  rmSync(folder, { recursive: true });
});

test.run();
