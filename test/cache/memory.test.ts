/** Without this file a script that asks one question could hold the activations of all its texts, or one that asks two could compute them twice. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createActivationStore } from "../../runtime/cache/activation_store.ts";
import { createSessionCache } from "../../runtime/session/session_cache.ts";
import { settingsFrom } from "../../runtime/session/start_settings.ts";
import { open, run } from "../session/open.ts";

const space = { id: "0".repeat(32), name: "a tap", memoryOnly: false };
const document = (id: number) => ({ ids: Int32Array.of(id), wanted: Uint32Array.of(0) });
/** 1 MiB a text. */
const dense = () => ({ kind: "dense" as const, width: 2 ** 18, values: new Float32Array(2 ** 18) });

test("memory keeps what was used last, within the bound that it has then", () => {
  const store = createActivationStore(10 * 2 ** 20, null);
  for (let id = 0; id < 12; id++) store.set([space], document(id), [dense()]);
  assert.equal([store.count, store.bytes], [10, 10 * 2 ** 20]);
  store.get([space], document(3));
  store.bound(3 * 2 ** 20);
  assert.equal([store.count, store.bytes], [3, 3 * 2 ** 20]);
  assert.equal([2, 3, 9, 10, 11].map((id) => store.has([space], document(id))), [false, true, false, true, true]);
  store.set([space], document(20), [dense()]);
  assert.equal([10, 11, 3, 20].map((id) => store.has([space], document(id))), [false, true, true, true]);
});

test("a document is named by its ids, the positions asked and those that are edited", () => {
  const documents = [
    { ids: Int32Array.of(1, 2), wanted: Uint32Array.of(0) },
    { ids: Int32Array.of(1), wanted: Uint32Array.of(2, 0) },
    { ids: Int32Array.of(1, 3), wanted: Uint32Array.of(0) },
    { ids: Int32Array.of(1, 2), wanted: Uint32Array.of(1) },
    { ids: Int32Array.of(1, 2), wanted: Uint32Array.of(0), edited: Int32Array.of(0, 1) },
    { ids: Int32Array.of(1, 2), wanted: Uint32Array.of(0), edited: Int32Array.of(0, 2) },
  ];
  for (const kept of documents) {
    const store = createActivationStore(2 ** 22, null);
    store.set([space], kept, [dense()]);
    assert.equal(documents.filter((document) => store.has([space], document)), [kept]);
  }
});

test("the last question of a script needs little memory, unless what it asks for is there", () => {
  const settings = settingsFrom({ cache: "memory" });
  const filled = (...lasts: readonly boolean[]): number => {
    const cache = createSessionCache(null);
    for (const last of lasts) for (let id = 0; id < 100; id++) cache.storeFor(settings, last).set([space], document(id), [dense()]);
    return cache.held().count;
  };
  assert.equal([filled(true), filled(false), filled(false, true), filled(true, false)], [64, 100, 100, 100]);
});

test("a second line finds in memory what the first computed", async () => {
  const session = await open({ settings: { cache: "memory", seed: "1" } });
  const { events } = await run(session, "let a = (perfect | take 6 | acts layer 7 last 9)\na | top 3\na | stats");
  await session.close();
  const ran = events.flatMap((event) => (event.kind === "progress" && event.unit === undefined && event.documents > 0 ? [event.documents] : []));
  assert.is(Math.max(...ran), 6);
  assert.is(ran.filter((documents) => documents === 6).length, 1, JSON.stringify(ran));
});

test.run();
