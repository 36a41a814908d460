/** Without these tests a conversion could begin before anybody asked for it, leave half a copy behind, or fill the disk unseen. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { clear, collect, holdings } from "../../runtime/cache/inventory.ts";
import { createCatalog } from "../../runtime/catalog/catalog.ts";
import { seal, sealHolds } from "../../runtime/checkpoint/copy_seal.ts";
import { convertedFolder } from "../../runtime/checkpoint/converted.ts";
import type { Plan } from "../../src/ops/op.ts";
import { UNKNOWN } from "../../src/ops/schema.ts";
import type { SaeFacts } from "../../src/stages/stage.ts";
import { gemmaArrays, npy, zip } from "./archives.ts";
import { ownerTag } from "../../runtime/running.ts";
import { ownCache } from "./own_cache.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-converting-"));
const cache = join(folder, "saeq");
ownCache(test, folder);
test.after(() => rmSync(folder, { recursive: true }));

const [D, M] = [64, 6000];
const noise = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 43758.5453 % 1);
const place = join(folder, "gemma-scope-2b-pt-res/layer_3/width_16k/average_l0_9");
mkdirSync(place, { recursive: true });
const archive = join(place, "params.npz");
const arrays = { W_enc: npy(noise(D * M), [D, M]), W_dec: npy(noise(D * M), [M, D]), b_enc: npy(noise(M), [M]), b_dec: npy(noise(D), [D]) };
writeFileSync(archive, zip(gemmaArrays(arrays, [...noise(M)].map(Math.abs)).map((each) => ({ ...each, deflate: true }))));

const beside = (): string[] => (existsSync(join(cache, "converted")) ? readdirSync(join(cache, "converted")) : []);
const copies = (): string[] => beside().filter((name) => !name.endsWith(".seal"));

async function opened() {
  const catalog = createCatalog(folder, { env: { HOME: folder } });
  const found = await catalog.lookUp({ kind: "sae", name: place, convention: "auto" });
  assert.is(found.state, "known", JSON.stringify(found));
  const { ref } = (found as { readonly value: SaeFacts }).value;
  const plan: Plan = { op: { op: "encode", saes: [ref] } as unknown as Plan["op"], inputs: [], schema: UNKNOWN, at: { start: 0, end: 0 }, label: "encode" };
  const provide = (signal: AbortSignal, told: (label: string, bytes: number, total: number) => void): Promise<void> => catalog.provide(plan, { signal, network: false, onProgress: (label, { bytes, totalBytes }) => told(label, bytes, totalBytes) });
  return { catalog, ref, provide };
}

const NEVER = new AbortController().signal;

test("checking reads headers and vectors; nothing is converted for it", async () => {
  const { catalog, ref } = await opened();
  const { spec, whole } = catalog.sae(ref);
  assert.not.ok(whole);
  assert.equal([spec.dIn, spec.dSae, spec.bias.length], [D, M, M]);
  assert.equal([...spec.bias], [...noise(M)], "vectors are read out of the archive");
  assert.equal(copies(), []);
});

test("a run converts, says how far it is, and can be stopped; nothing half-made stays", async () => {
  const { provide } = await opened();
  const stop = new AbortController();
  await provide(stop.signal, (_, bytes) => bytes > 1_000_000 && stop.abort()).then(() => assert.unreachable(), (error: Error) => assert.is(error.name, "AbortError"));
  assert.equal(copies(), []);
  const { catalog, ref, provide: again } = await opened();
  const told: [string, number, number][] = [];
  await again(NEVER, (...each) => told.push(each));
  assert.ok(told.length > 10 && told.every(([label, bytes, total], at) => label === `convert ${place}` && bytes > (told[at - 1]?.[1] ?? 0) && bytes <= total));
  assert.is(told.at(-1)![1], told.at(-1)![2]);
  const [copy] = copies();
  assert.equal(copies(), [copy]);
  assert.ok(catalog.sae(ref).whole);
  assert.is(statSync(join(cache, "converted", copy!)).size, told.at(-1)![2]);
  const third = await opened();
  await third.provide(NEVER, () => assert.unreachable("it is there"));
  assert.is(third.ref.digest, ref.digest, "the same before the conversion and after it");
});

test("the cache lists the copy by the archive it was made of, and removes it only when it is asked to", async () => {
  const [found] = holdings(cache).filter(({ kind }) => kind === "converted");
  assert.equal([found?.name, found?.records, found?.segments], [archive, 5, 1]);
  assert.is(found?.bytes, statSync(join(cache, "converted", copies()[0]!)).size);
  collect(cache, 0);
  assert.is(copies().length, 1, "a run that makes room for itself may compute with it");
  assert.is(collect(cache, found!.bytes, true).segments, 0);
  assert.equal(collect(cache, found!.bytes - 1, true), { segments: 1, bytes: found!.bytes, left: 0, refused: null });
  assert.equal(copies(), []);
  await (await opened()).provide(NEVER, () => {});
  assert.is(clear(cache).segments, 1);
  assert.equal([copies(), holdings(cache)], [[], []]);
});

test("a copy that was removed while a session is open is made again", async () => {
  const { provide } = await opened();
  await provide(NEVER, () => {});
  clear(cache);
  let told = 0;
  await provide(NEVER, () => told++);
  assert.ok(told > 0);
  assert.is(copies().length, 1);
  await provide(NEVER, () => assert.unreachable("it is there"));
  clear(cache);
});

test("a copy whose bytes were changed, or that another took the place of, is made again; one that was only touched is read once and believed", async () => {
  await (await opened()).provide(NEVER, () => {});
  const copy = join(cache, "converted", copies()[0]!);
  const right = readFileSync(copy);
  const again = async (): Promise<boolean> => {
    let made = false;
    await (await opened()).provide(NEVER, () => (made = true));
    assert.equal(readFileSync(copy), right);
    return made;
  };
  assert.not(await again());
  const state = (): string => readFileSync(`${copy}.seal`, "utf8");
  const before = state();
  utimesSync(copy, new Date(), new Date());
  assert.not(await again(), "its bytes are the same");
  assert.is.not(state(), before);
  const { atime, mtime } = statSync(copy);
  const wrong = Buffer.from(right);
  wrong[wrong.length - 9] = wrong[wrong.length - 9]! ^ 16;
  writeFileSync(copy, wrong);
  utimesSync(copy, atime, mtime);
  assert.ok(await again(), "bytes were changed, and the time set back");
  writeFileSync(`${copy}.seal`, state().replace(/"of":"[0-9a-f]/, '"of":"z'));
  assert.ok(await again(), "the seal of another copy");
  rmSync(`${copy}.seal`);
  assert.ok(await again(), "no seal");
  clear(cache);
  assert.equal(beside(), []);
});

test("a copy that changes while it is read is not believed", async () => {
  const copy = join(folder, "changing.bin");
  writeFileSync(copy, Buffer.alloc(4 << 20, 7));
  await seal(copy, createHash("sha256").update(readFileSync(copy)).digest("hex"));
  assert.ok(await sealHolds(copy));
  utimesSync(copy, 1, 1);
  let reading = true;
  const held = sealHolds(copy).finally(() => (reading = false));
  for (let time = 2; reading; time++) {
    utimesSync(copy, time, time);
    await new Promise((done) => void setImmediate(done));
  }
  assert.not.ok(await held);
  assert.ok(await sealHolds(copy), "at rest it is what was written");
});

test("what a killed writer left is swept, what another process writes is not", () => {
  const dead = join(cache, "converted", `.a.safetensors.${ownerTag().replace(/\d+$/, "1")}.0123456789ab.tmp`);
  const living = join(cache, "converted", `.b.safetensors.${ownerTag()}.0123456789ab.tmp`);
  const old = join(cache, "converted", `.c.safetensors.${ownerTag()}.0123456789ab.tmp`);
  for (const each of [dead, living, old]) writeFileSync(each, "half");
  utimesSync(old, 1, 1);
  collect(cache, 2 ** 40);
  assert.equal([dead, living, old].map((each) => existsSync(each)), [false, true, false]);
});

test("a copy that is no copy is listed, and harms nothing", () => {
  writeFileSync(join(cache, "converted", "x.safetensors"), "no header");
  assert.equal(holdings(cache).map(({ kind, name }) => [kind, name]), [["converted", "damaged"]]);
  clear(cache);
});

test("where nothing is cached, copies still have a place of this user's", () => {
  assert.is(convertedFolder({ HOME: "/home/u", SAEQ_CACHE: "off" }), "/home/u/.cache/saeq/converted");
  assert.is(convertedFolder({ HOME: "/home/u", SAEQ_CACHE: "/big" }), "/big/converted");
  assert.is(convertedFolder({ HOME: "/home/u", XDG_CACHE_HOME: "/x" }), "/x/saeq/converted");
});

test.run();
