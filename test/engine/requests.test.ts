/** Without this file a cancel could wait in line, or refuse work that was asked for after it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { engineOver } from "../../runtime/engine/engine.ts";
import { inOrder } from "../../runtime/engine/lane_requests.ts";
import type { Reply, Request } from "../../runtime/engine/protocol.ts";
import { createLane, type Lane } from "../../runtime/engine/supervisor.ts";
import { bitsOf, collect, documentsOf, smallModel } from "./small_model.ts";

const run = (id: number): Request => ({ kind: "run", id, graph: { key: "g", content: null }, feeds: {} });
const told = (replies: readonly Reply[]): string => replies.map(({ id, kind }) => `${id} ${kind}`).join(", ");
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a stop is answered at once, ends what runs, refuses the runs that wait and nothing else, and nothing that comes later", async () => {
  const replies: Reply[] = [];
  const asked: string[] = [];
  let fail: (() => void) | null = null;
  const take = inOrder({
    reply: (request) => {
      asked.push(`${request.kind} ${request.id}`);
      // The first runs until it is ended.
      if (request.id === 1) return new Promise((resolve) => (fail = () => resolve({ kind: "failed", id: 1, opening: false, message: "terminated" })));
      return Promise.resolve({ kind: "done", id: request.id, outputs: {}, ms: 0 });
    },
    endRunning: () => fail?.(),
    send: (reply) => replies.push(reply),
  });
  take(run(1));
  await turn();
  take(run(2));
  take({ kind: "open", id: 3, graph: { key: "h", content: null } });
  take({ kind: "step", id: 4, text: 1 });
  take({ kind: "end", id: 5, text: 1 });
  take({ kind: "stop", id: 6 });
  assert.is(told(replies), "6 done");
  take(run(7));
  await turn();
  assert.is(told(replies), "6 done, 1 failed, 2 failed, 3 done, 4 failed, 5 done, 7 done");
  assert.equal(asked, ["run 1", "open 3", "end 5", "run 7"]);
});

const model = smallModel();
const documents = documentsOf(40, 60, model.vocabulary);

/** An engine of real processes whose stops are counted. */
function watched(): { readonly engine: ReturnType<typeof engineOver>; readonly stops: () => number } {
  let stops = 0;
  const options = { lanes: 2, threads: 1, batch: 2 };
  const engine = engineOver(options, (folder): Lane => {
    const lane = createLane(options, () => {}, folder);
    return { ...lane, get pid() { return lane.pid; }, stop: () => {
      stops++;
      lane.stop();
    } };
  });
  return { engine, stops: () => stops };
}

test("a cancel asks every process to stop, once; the next job of the same engine is whole", async () => {
  const { engine, stops } = watched();
  const whole = bitsOf((await collect(engine, model.forward, 2, documents)).taps);
  assert.is(stops(), 0);
  for (let round = 1; round <= 5; round++) {
    const abort = new AbortController();
    await collect(engine, model.forward, 2, documents, abort.signal, (n) => n === 3 * round && abort.abort()).then(() => assert.unreachable(), (error: Error) => assert.is(error.name, "AbortError"));
    assert.is(stops(), 2 * round);
    assert.equal(bitsOf((await collect(engine, model.forward, 2, documents)).taps), whole);
  }
  await engine.close();
  assert.is(stops(), 10);
});

test.run();
