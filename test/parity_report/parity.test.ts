/** Without these tests a report could call a mistake rounding, or rounding a mistake. kjv.safetensors is what examples/parity/make_dump.py writes for texts.txt and 40 tokens. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import type { Csr } from "../../runtime/kernels/csr.ts";
import { compareFeatures } from "../../runtime/parity/compare.ts";
import { readDump, type Dump } from "../../runtime/parity/dump.ts";
import { exactPre } from "../../runtime/parity/exact_pre.ts";
import { report } from "../../runtime/parity/report.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { withHeader } from "../session/checkpoints.ts";
import { folder } from "../session/open.ts";
import { saeq } from "../tools/saeq.ts";

const FILE = join(import.meta.dirname, "kjv.safetensors");
const dump = await readDump(FILE);
const sae = await readSae(join(EXAMPLES, "kjv/sae"), { convention: "saelens" });

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The dump's arrays as bytes, to be changed and written again. */
function arrays(): Record<string, { dtype: string; shape: readonly number[]; bytes: Buffer }> {
  const bytes = readFileSync(FILE);
  const size = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + size).toString()) as Record<string, Entry>;
  return Object.fromEntries(Object.entries(header).filter(([name]) => name !== "__metadata__").map(([name, { dtype, shape, data_offsets: [from, to] }]) => [name, { dtype, shape, bytes: Buffer.from(bytes.subarray(8 + size + from, 8 + size + to)) }]));
}

function written(all: ReturnType<typeof arrays>): string {
  const file = join(folder(), "dump.safetensors");
  const header: Record<string, Entry> = {};
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of Object.entries(all)) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  writeFileSync(file, withHeader(JSON.stringify(header), Object.values(all).map(({ bytes }) => bytes)));
  return file;
}

/** The features of a dump without the `drop`th. */
function without({ rows, cols, indptr, indices, values }: Csr, drop: number): Csr {
  const keep = (_: unknown, i: number): boolean => i !== drop;
  return { rows, cols, indptr: indptr.map((end) => (end > drop ? end - 1 : end)), indices: indices.filter(keep), values: values.filter(keep) };
}

test("the peers' dump of the shipped model passes every gate, to the last feature", () => {
  const { status, stdout } = saeq(["parity", "--against", FILE, "--format", "json"], { cwd: folder() });
  assert.is(status, 0, stdout);
  const found = JSON.parse(stdout) as { agreement: Record<string, number>; firstPositions: Record<string, number>; flips: { count: number }; residual: { worst: number }; gates: { passed: boolean }[]; theirs: { versions: object } };
  assert.is(found.agreement["tokens"], 234);
  assert.is(found.agreement["jaccard"], 1);
  assert.is(found.agreement["both"]! + found.firstPositions["both"]!, dump.features.indices.length);
  assert.is(found.flips.count, 0);
  assert.ok(found.residual.worst < 1e-5 && found.agreement["relativeMax"]! < 1e-4);
  assert.equal(Object.keys(found.theirs.versions), ["torch", "transformers", "sae-lens", "python"]);
});

test("a dump in numpy's format is read the same", () => {
  const { status, stdout } = saeq(["parity", "--against", join(import.meta.dirname, "kjv.npz"), "--format", "json"], { cwd: folder() });
  assert.is(status, 0, stdout);
  const { agreement } = JSON.parse(stdout) as { agreement: Record<string, number> };
  assert.equal([agreement["tokens"], agreement["jaccard"]], [66, 1]);
});

test("one feature taken out of a dump is one unexplained flip, and the exit code says so", () => {
  const all = arrays();
  // The strongest of all: nothing near a threshold.
  const drop = dump.features.values.indexOf(dump.features.values.reduce((a, b) => Math.max(a, b)));
  const fewer = without(dump.features, drop);
  all["indptr"]!.bytes = Buffer.from(BigInt64Array.from(fewer.indptr, BigInt).buffer);
  for (const [name, part] of [["indices", fewer.indices], ["values", fewer.values]] as const) all[name] = { ...all[name]!, shape: [part.length], bytes: Buffer.from(part.buffer, part.byteOffset, part.byteLength) };
  const file = written(all);
  const { status, stdout } = saeq(["parity", "--against", file], { cwd: folder() });
  assert.is(status, 1);
  assert.match(stdout, /FAIL  unexplained flips: 1 \(≤ 0\)/);
  assert.match(stdout, new RegExp(`feature ${dump.features.indices[drop]} at row \\d+, active in ours only .*theirs does not follow from their residual`));
});

test("which side is wrong is told from each side's own residual", async () => {
  const drop = dump.features.indptr[11]!;
  const one = async (ours: Csr, theirs: Csr, residual = dump.residual) => (await report({ ...dump, features: theirs }, sae, residual, ours)).flips!;
  assert.equal((await one(dump.features, without(dump.features, drop))).unexplained.map(({ wrong }) => wrong), ["theirs does not follow from their residual"]);
  assert.equal((await one(without(dump.features, drop), dump.features)).unexplained.map(({ wrong }) => wrong), ["ours does not follow from our residual"]);
  assert.equal((await one(dump.features, dump.features)).count, 0);
});

test("a feature at its threshold may flip: the residuals decide within rounding", async () => {
  const row = 11;
  const feature = dump.features.indices[dump.features.indptr[row]!]!;
  const [at] = (await exactPre(sae, dump.residual, [{ row, feature }]))!;
  // The same SAE with the threshold moved to the exact value: either side may be right.
  const moved = { ...sae, threshold: sae.threshold!.map((value, i) => (i === feature ? Math.fround(at!.pre) : value)) };
  const flips = (await report({ ...dump, features: without(dump.features, dump.features.indptr[row]!) }, moved, dump.residual, dump.features)).flips!;
  assert.is(flips.unexplained.filter((flip) => flip.row === row && flip.feature === feature).length, 0);
  assert.ok(flips.largestMargin < 1e-5);
  const above = { ...sae, threshold: sae.threshold!.map((value, i) => (i === feature ? Math.fround(at!.pre * 0.999) : value)) };
  assert.is((await report({ ...dump, features: without(dump.features, dump.features.indptr[row]!) }, above, dump.residual, dump.features)).flips!.unexplained.length, 1, "a thousandth away it may not");
});

test("exact pre-activations are those of sae_lens: pre is the value of an active feature", async () => {
  const places = Array.from({ length: 200 }, (_, i) => ({ i, row: dump.features.indptr.findIndex((end, r) => r > 0 && end > i * 20) - 1, feature: dump.features.indices[i * 20]! }));
  const exact = (await exactPre(sae, dump.residual, places))!;
  exact.forEach(({ pre, threshold }, i) => {
    const value = dump.features.values[places[i]!.i * 20]!;
    assert.ok(Math.abs(pre - value) <= 1e-5 * Math.max(1, value) && pre > threshold, `${pre} ${value}`);
  });
});

test("another convention shows in values, not in sets", () => {
  const { status, stdout } = saeq(["parity", "--against", FILE, "--convention", "neuronpedia"], { cwd: folder() });
  assert.is(status, 1);
  assert.match(stdout, /FAIL  relative difference of values, p99/);
  assert.match(stdout, /ok    unexplained flips/);
});

// By hand: rows {1,2} against {2,3}, and {4} against {4} with 1.0 and 1.1.
test("counts, Jaccard and differences, worked out by hand", () => {
  const csr = (indptr: number[], indices: number[], values: number[]): Csr => ({ rows: 2, cols: 9, indptr: Uint32Array.from(indptr), indices: Uint32Array.from(indices), values: Float32Array.from(values) });
  const { agreement, flips, worstFeatures } = compareFeatures(csr([0, 2, 3], [1, 2, 4], [1, 1, 1]), csr([0, 2, 3], [2, 3, 4], [1, 5, 2]), [0, 1]);
  assert.equal([agreement.both, agreement.onlyOurs, agreement.onlyTheirs, agreement.jaccard, agreement.jaccardP1, agreement.exactSets], [2, 1, 1, 0.5, 1 / 3, 0.5]);
  assert.equal([agreement.maxAbsolute, agreement.relativeMax, agreement.relativeP50], [1, 0.5, 0]);
  assert.equal(flips.map(({ row, feature, side }) => [row, feature, side]), [[0, 1, "ours"], [0, 3, "theirs"]]);
  assert.equal(worstFeatures.map(({ feature }) => feature), [1, 3, 4, 2]);
});

test("dumps that cannot be are refused with what is wrong", async () => {
  const cases: readonly (readonly [string, (all: ReturnType<typeof arrays>) => void, RegExp])[] = [
    ["no ids", (all) => void delete all["ids"], /holds no `ids`/],
    ["another type", (all) => void (all["ids"] = { ...all["ids"]!, dtype: "F32" }), /`ids` is F32/],
    ["lengths", (all) => void all["lengths"]!.bytes.writeInt32LE(39, 0), /do not add up/],
    ["a feature beyond the width", (all) => void all["indices"]!.bytes.writeInt32LE(1 << 20, 0), /not ascending below 1536/],
    ["a negative feature", (all) => void all["indices"]!.bytes.writeInt32LE(-1, 0), /not ascending below 1536/],
    ["descending rows", (all) => void all["indptr"]!.bytes.writeBigInt64LE(999_999n, 8), /descends/],
    ["no JSON", (all) => all["meta"]!.bytes.fill(0x7b), /nests deeper|not JSON/],
  ];
  for (const [name, change, says] of cases) {
    const all = arrays();
    change(all);
    await readDump(written(all)).then(() => assert.unreachable(name), (error: Error) => assert.match(error.message, says, name));
  }
  const all = arrays();
  all["residual"] = { ...all["residual"]!, shape: [240 * 2, 96] };
  await readDump(written(all)).then((read: Dump) => assert.unreachable(`${read.width}`), (error: Error) => assert.match(error.message, /one row for each id/));
});

test.run();
