/** Without this file a dying engine might take the session with it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { children } from "./children.ts";
import { open, run } from "./open.ts";

test("kill -9 of the engine gives one clear error, and the session lives", async () => {
  const session = await open({ engine: { lanes: 1, threads: 1, batch: 2 } });
  let killed = false;
  const { outcome, codes } = await run(session, "memorization | acts layer 7 | top 3", undefined, (event) => {
    if (killed || event.kind !== "progress" || event.unit !== undefined || event.documents < 4) return;
    killed = true;
    for (const pid of children()) process.kill(pid, "SIGKILL");
  });
  if (process.platform === "linux") {
    assert.is(outcome.exitCode, 8);
    assert.equal(codes, ["engine-died"]);
  }
  const again = await run(session, "memorization | take 10 | acts layer 7 | top 3");
  await session.close();
  assert.is(again.outcome.exitCode, 0);
});

test("a session that is closed leaves no process behind", async () => {
  const session = await open({ engine: { lanes: 2, threads: 1 } });
  await run(session, "sample perfect 4 | acts layer 7 | top 3");
  await session.close();
  assert.equal(children(), []);
});

test.run();
