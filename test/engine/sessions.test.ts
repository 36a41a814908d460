/** Without this file a device could be filled with weights that no query needs any more, and nobody would know before it is full. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createSessions, OpeningError, type Sessions } from "../../runtime/engine/lane_sessions.ts";
import type { LaneSession } from "../../runtime/engine/lane_session.ts";
import type { GraphContent, GraphReference } from "../../runtime/engine/protocol.ts";
import type { Target } from "../../src/emit/target.ts";

const CUDA: Target = { provider: "cuda", dtype: "bf16" };

/** Sessions that only note what becomes of them; `room`: how many there is memory for. */
function bench(room = 99): { readonly sessions: Sessions; readonly log: string[]; readonly busy: Set<LaneSession>; readonly ask: (key: string, target?: Target) => ReturnType<Sessions["of"]> } {
  const log: string[] = [];
  const busy = new Set<LaneSession>();
  let open = 0;
  const sessions = createSessions({
    open: async ({ bytes }) => {
      const name = Buffer.from(bytes).toString();
      if (open >= room) {
        log.push(`full ${name}`);
        throw new Error("CUDA failure 2: out of memory");
      }
      open++;
      log.push(`open ${name}`);
      return { run: async () => ({}), caches: [], arrange: () => assert.unreachable() as never, head: null, end: () => void log.push(`end ${name}`), release: async () => void (open--, log.push(`release ${name}`)) };
    },
    screen: () => assert.unreachable() as never,
    busy: (session) => busy.has(session),
  });
  const content = (key: string, target: Target): GraphContent => ({ bytes: Buffer.from(key), caches: [], screenings: [], target });
  return { sessions, log, busy, ask: (key, target = CUDA) => sessions.of({ key, content: content(key, target) } as GraphReference) };
}

test("on a device two are kept, and room is made before a third is opened; the CPU keeps four", async () => {
  const device = bench();
  for (const key of ["a", "b", "a", "c"]) await device.ask(key);
  assert.equal(device.log, ["open a", "open b", "release b", "open c"], "the least recently used goes first");
  const cpu = bench();
  for (const key of ["a", "b", "c", "d", "e"]) await cpu.ask(key, { provider: "cpu", dtype: "f32" });
  assert.equal(cpu.log, ["open a", "open b", "open c", "open d", "release a", "open e"]);
});

test("what is in the middle of a text stays, and a graph without content is asked for", async () => {
  const { ask, busy, log, sessions } = bench();
  busy.add((await ask("a"))!.session);
  await ask("b");
  await ask("c");
  assert.equal(log, ["open a", "open b", "release b", "open c"]);
  assert.is(await sessions.of({ key: "b", content: null } as GraphReference), null);
});

test("a lack of memory is tried once more without the others, when a graph is opened and when one runs", async () => {
  const { ask, log, sessions } = bench(1);
  await ask("a");
  await ask("b");
  assert.equal(log, ["open a", "full b", "release a", "open b"]);
  const used = (await ask("b"))!.session;
  let runs = 0;
  const failing = (): Promise<string> => (runs++, Promise.reject(new Error("Failed to allocate memory for requested buffer of size 4")));
  assert.match(await sessions.makingRoom(failing, used).then(() => "", (error: Error) => error.message), "Failed to allocate");
  assert.is(runs, 1, "there was nothing to let go of but what runs");
  const none = bench(0);
  assert.instance(await none.ask("a").then(() => null, (error: unknown) => error), OpeningError);
  assert.equal(none.log, ["full a"]);
});

test("whatever may run is asked to end", async () => {
  const { ask, log, sessions } = bench();
  await ask("a");
  await ask("b");
  sessions.endRunning();
  assert.equal(log.slice(2), ["end a", "end b"]);
});

test.run();
