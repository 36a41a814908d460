/** Without this file an engine might start for who only looks, before a permission is given, or again when all is known. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { InnerOptions } from "../../runtime/session/session.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { children } from "./children.ts";
import { bits, folder, open, run, type Ran } from "./open.ts";
import { endSpareEngines } from "./spare_engines.ts";

const QUERY = "sample perfect 4 | acts layer 7 | top 3";
const linux = process.platform === "linux";
// What is looked at here are all processes that there are.
test.before.each(endSpareEngines);

/** What one session does, and that it leaves nothing behind. */
async function within<T>(options: Partial<InnerOptions>, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await open({ engine: { lanes: 2, threads: 1 }, ...options });
  try {
    return await work(session);
  } finally {
    await session.close();
    assert.equal(children(), []);
  }
}

/** Processes that are there once a script is checked. */
async function startedBy(text: string, next: "run" | "nothing" = "run", options: Partial<InnerOptions> = {}): Promise<number> {
  return within(options, async (session) => {
    await session.check({ name: "test", text }, next === "run" ? next : undefined);
    return children().length;
  });
}

if (linux) {
  test("what is checked to be run starts its processes, and the run uses them", async () => {
    await within({}, async (session) => {
      await session.check({ name: "test", text: QUERY }, "run");
      const early = children();
      assert.is(early.length, 2);
      let within: readonly number[] = [];
      const ran = await run(session, QUERY, undefined, (event) => {
        if (event.kind === "result") within = children();
      });
      assert.is(ran.outcome.exitCode, 0);
      assert.equal(within, early);
    });
  });

  test("who only checks or explains starts nothing", async () => {
    assert.is(await startedBy(QUERY, "nothing"), 0);
    assert.is(await startedBy(`${QUERY} | explain`), 0);
    assert.is(await startedBy(`let unused = ${QUERY}\nperfect | take 1`), 0);
    assert.is(await startedBy("sample perfect 4 | tokenize"), 0);
    assert.is(await startedBy(`${QUERY} | explain analyze`), 2);
  });

  test("a mistake anywhere, or a device that would have to be tried, starts nothing", async () => {
    assert.is(await startedBy(`${QUERY}\nperfect | tpo 3`), 0);
    assert.is(await startedBy("sample perfect 4 | acts layer 99 | top 3"), 0);
    assert.is(await startedBy(QUERY, "run", { settings: { ep: "webgpu" } }), 0);
  });

  test("no more processes than there are texts, and one where memory has a limit", async () => {
    assert.is(await startedBy('prompts "In the beginning" | acts layer 7 | top 3'), 1);
    assert.is(await startedBy("sample perfect 1 | acts layer 7 | top 3"), 1);
    assert.is(await startedBy(QUERY, "run", { settings: { memory: "900" } }), 1);
    assert.is(await startedBy(QUERY, "run", { settings: { lanes: "1" } }), 1);
  });

  test("nothing starts before everything is granted", async () => {
    const files = folder({ "texts.csv": readFileSync(join(EXAMPLES, "kjv", "passages.csv")) });
    const text = 'csv "texts.csv" | take 4 | acts layer 7 | top 3 | save "top.csv"';
    const grants = [{ read: true, write: [] }, { read: [], write: true }, { read: true, write: true, deny: { write: true } }] as const;
    for (const each of grants) {
      assert.is(await startedBy(text, "run", { readFrom: files, grants: each }), 0);
      await within({ readFrom: files, grants: each }, async (session) => {
        const { outcome } = await run(session, text, undefined, () => assert.equal(children(), []));
        assert.is(outcome.exitCode, 4);
      });
    }
    assert.is(await startedBy(text, "run", { readFrom: files, grants: { read: true, write: true } }), 2);
  });

  test("what is kept on disk starts nothing, and another question does", async () => {
    const cache = { folder: folder(), limit: 2 ** 30 };
    const first = await within({ cache }, (session) => run(session, QUERY));
    const again = await within({ cache }, async (session) => {
      await session.check({ name: "test", text: `${QUERY} by max` }, "run");
      assert.equal(children(), []);
      return run(session, QUERY, undefined, () => assert.equal(children(), []));
    });
    assert.is(bits(again.values), bits(first.values));
    assert.is(await startedBy("sample perfect 4 | resid layer 3 | count", "run", { cache }), 2);
  });

  test("processes that died before they were asked are started again", async () => {
    await within({}, async (session) => {
      await session.check({ name: "test", text: QUERY }, "run");
      for (const pid of children()) process.kill(pid, "SIGKILL");
      await new Promise((done) => setTimeout(done, 50));
      assert.is((await run(session, QUERY)).outcome.exitCode, 0);
    });
  });
}

test("an engine that cannot be started is told where it is needed, however early that was tried", async () => {
  const node = process.execPath;
  const fail = (next?: "run"): Promise<Ran> =>
    within({}, async (session) => {
      await session.check({ name: "test", text: QUERY }, next);
      return run(session, QUERY);
    });
  process.execPath = join(EXAMPLES, "no-such-node");
  try {
    const [early, late] = [await fail("run"), await fail()];
    assert.is(late.outcome.exitCode, 8);
    assert.equal(late.codes, ["engine-died"]);
    assert.equal(early.outcome, late.outcome);
    assert.equal(early.events, late.events);
  } finally {
    process.execPath = node;
  }
});

test("results have the same bits whether processes were started early or late", async () => {
  const values = await Promise.all([undefined, "run" as const].map((next) => open({ engine: { lanes: 2, threads: 1 } }).then(async (session) => {
    await session.check({ name: "test", text: QUERY }, next);
    const { values } = await run(session, QUERY);
    await session.close();
    return values;
  })));
  assert.is(bits(values[0]), bits(values[1]));
});

test.run();
