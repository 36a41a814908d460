/** Without this file a dying engine might take the session with it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { children, watchesOf } from "./children.ts";
import { bits, open, run } from "./open.ts";
import { endSpareEngines } from "./spare_engines.ts";

// What is looked at here are all processes that there are.
test.before.each(endSpareEngines);

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

test("an engine that somebody stopped is told of with the line that lets it go on, once, and the results are the same", async () => {
  if (process.platform !== "linux") return;
  const query = "memorization | acts layer 7 | top 3";
  const session = await open({ engine: { lanes: 1, threads: 1, batch: 2 } });
  const stopped: number[] = [];
  const told: string[] = [];
  const { outcome, values, notices } = await run(session, query, undefined, (event) => {
    if (event.kind === "notice") {
      told.push(event.text);
      // Later than it might be told again.
      setTimeout(() => stopped.forEach((pid) => process.kill(pid, "SIGCONT")), 1200);
    }
    if (stopped.length > 0 || event.kind !== "progress" || event.unit !== undefined || event.documents < 4) return;
    const [engine] = children();
    stopped.push(engine!);
    process.kill(engine!, "SIGSTOP");
  });
  await session.close();
  assert.is(outcome.exitCode, 0);
  assert.equal(notices, [`the engine process ${stopped[0]} is stopped, and is waited for; this lets it go on: kill -CONT ${stopped[0]}`]);
  assert.equal(told, notices);
  const plain = await open({ engine: { lanes: 1, threads: 1 } });
  assert.is(bits(values), bits((await run(plain, query)).values));
  await plain.close();
  assert.equal([...children(), ...watchesOf(process.pid)], []);
});

test("a session that is closed leaves no process behind", async () => {
  const session = await open({ engine: { lanes: 2, threads: 1 } });
  await run(session, "sample perfect 4 | acts layer 7 | top 3");
  await session.close();
  assert.equal(children(), []);
});

test.run();
