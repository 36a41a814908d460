/** Without this file what a token's experts give could depend on what other tokens chose, or on how the file keeps them. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createGraph, finish, input, output, printGraph } from "../../src/emit/graph.ts";
import { mlp } from "../../src/emit/mlp.ts";
import type { ExpertSpec, GatedExpertsSpec } from "../../src/emit/expert_specs.ts";
import type { LinearSpec, StoredType, TensorRef } from "../../src/emit/specs.ts";
import { numbers } from "./random_weights.ts";
import { openGraph } from "./run_graph.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "saeq-experts-")));
test.after(() => rmSync(folder, { recursive: true }));

interface Shape {
  readonly d: number;
  readonly width: number;
  readonly count: number;
  readonly perToken: number;
  readonly normalized: boolean;
  readonly dtype: StoredType;
  /** Columns of an expert that all tokens share. */
  readonly shared?: number;
  /** The file of each tensor, by expert and part; all of one expert after those of another where not said. */
  readonly fileOf?: (expert: number, part: string) => string;
}

let files = 0;

/** Random experts, in as many files as `fileOf` names; the same numbers whatever the files. */
function experts({ d, width, count, perToken, normalized, dtype, shared: all = 0, fileOf = () => "one" }: Shape): GatedExpertsSpec {
  const next = numbers(d * 7 + width);
  const own = join(folder, String((files += 1)));
  const parts = new Map<string, Uint8Array[]>();
  const tensor = (name: string, rows: number, columns: number, scale = 2 / Math.sqrt(columns)): TensorRef => {
    const values = Float32Array.from({ length: rows * columns }, () => scale * next());
    const bytes = new Uint8Array(dtype === "f32" ? values.buffer : Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16).buffer);
    const before = parts.get(name) ?? [];
    parts.set(name, [...before, bytes]);
    return { file: `${own}_${name}`, offset: before.reduce((sum, { length }) => sum + length, 0), length: bytes.length, dtype, shape: [rows, columns] };
  };
  const router: LinearSpec = { weight: tensor("router", count, d, 6 / Math.sqrt(d)), layout: "out_in", bias: null };
  const made = Array.from({ length: count }, (_, expert) => ({ down: tensor(fileOf(expert, "down"), d, width), gate: tensor(fileOf(expert, "gate"), width, d), up: tensor(fileOf(expert, "up"), width, d) }));
  const linear = (rows: number, columns: number): LinearSpec => ({ weight: tensor("shared", rows, columns), layout: "out_in", bias: null });
  const shared: GatedExpertsSpec["shared"] = all === 0 ? null : { mlp: { kind: "gated", activation: "silu", gate: linear(all, d), up: linear(all, d), down: linear(d, all) }, gate: tensor("shared", 1, d) };
  for (const [name, bytes] of parts) writeFileSync(`${own}_${name}`, Buffer.concat(bytes));
  return { kind: "experts", activation: "silu", router, experts: made, perToken, normalized, shared };
}

type Run = (rows: Float32Array) => Promise<Float32Array>;

async function opened(spec: GatedExpertsSpec): Promise<{ readonly run: Run; readonly close: () => Promise<void> }> {
  const d = spec.router.weight.shape[1] as number;
  const graph = createGraph("experts");
  output(graph, "y", mlp(graph, "/mlp", input(graph, "x", "f32", ["n", d]), spec), "f32", ["n", d]);
  const session = await openGraph(finish(graph, 0));
  return { run: async (rows) => (await session.run({ x: new ort.Tensor("float32", rows, [rows.length / d, d]) }))["y"]!.data as Float32Array, close: () => session.release() };
}

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer);
const randomRows = (count: number, d: number, seed = 5): Float32Array => Float32Array.from({ length: count * d }, ((next) => () => 2 * next())(numbers(seed)));

function valuesOf({ file, offset, length, dtype }: TensorRef): Float32Array {
  const bytes = new Uint8Array(readFileSync(file).subarray(offset, offset + length));
  return dtype === "f32" ? new Float32Array(bytes.buffer) : new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (word) => word << 16).buffer);
}

/** The same in float64, in JavaScript: weights [n, experts], 0 where not chosen, and the sums. */
function reference(spec: GatedExpertsSpec, rows: Float32Array): { readonly chosen: readonly (readonly number[])[]; readonly y: Float64Array } {
  const known = new Map<TensorRef, Float32Array>();
  const matrix = (ref: TensorRef): Float32Array => {
    const values = known.get(ref) ?? valuesOf(ref);
    known.set(ref, values);
    return values;
  };
  const times = (ref: TensorRef, x: ArrayLike<number>): Float64Array => {
    const [out, into] = ref.shape as [number, number];
    const w = matrix(ref);
    return Float64Array.from({ length: out }, (_, r) => { let sum = 0; for (let c = 0; c < into; c += 1) sum += w[r * into + c]! * x[c]!; return sum; });
  };
  const d = spec.router.weight.shape[1] as number;
  const y = new Float64Array(rows.length);
  const chosen: number[][] = [];
  for (let n = 0; n < rows.length / d; n += 1) {
    const x = rows.subarray(n * d, (n + 1) * d);
    const logits = times(spec.router.weight, x);
    const top = Math.max(...logits);
    const powers = logits.map((logit) => Math.exp(logit - top));
    const all = powers.reduce((sum, each) => sum + each, 0);
    const best = [...powers.keys()].sort((a, b) => powers[b]! - powers[a]! || a - b).slice(0, spec.perToken);
    const share = spec.normalized ? best.reduce((sum, expert) => sum + powers[expert]!, 0) : all;
    chosen.push(best);
    const add = ({ gate, up, down }: ExpertSpec, factor: number): void => {
      const [g, u] = [times(gate, x), times(up, x)];
      times(down, g.map((value, i) => (value / (1 + Math.exp(-value))) * u[i]!)).forEach((value, i) => (y[n * d + i] = y[n * d + i]! + factor * value));
    };
    for (const expert of best) add(spec.experts[expert]!, powers[expert]! / share);
    if (spec.shared === null) continue;
    const { gate, up, down } = spec.shared.mlp;
    add({ gate: gate.weight, up: up.weight, down: down.weight }, 1 / (1 + Math.exp(-times(spec.shared.gate!, x)[0]!)));
  }
  return { chosen, y };
}

const shapes: readonly (readonly [string, Shape])[] = [
  ["128 of which 8", { d: 96, width: 40, count: 128, perToken: 8, normalized: true, dtype: "bf16" }],
  ["odd sizes, one of each token", { d: 52, width: 37, count: 9, perToken: 1, normalized: false, dtype: "f32" }],
  ["wide, all of each token", { d: 260, width: 144, count: 4, perToken: 4, normalized: true, dtype: "bf16" }],
  ["one that all share besides", { d: 44, width: 20, count: 10, perToken: 3, normalized: false, dtype: "bf16", shared: 29 }],
  ["one expert", { d: 48, width: 32, count: 1, perToken: 1, normalized: true, dtype: "f32" }],
];

for (const [name, shape] of shapes) {
  test(`${name}: they give what their definition says`, async () => {
    const spec = experts(shape);
    const rows = randomRows(40, shape.d);
    const { run, close } = await opened(spec);
    const [ours, { y }] = [await run(rows), reference(spec, rows)];
    await close();
    ours.forEach((value, i) => assert.ok(Math.abs(value - y[i]!) <= 2e-5 * (1 + Math.abs(y[i]!)), `${i}: ${value} and ${y[i]}`));
  });

  test(`${name}: a token has the same bits beside any others, also where it alone chooses an expert`, async () => {
    const { d } = shape;
    const spec = experts(shape);
    const rows = randomRows(140, d);
    const { run, close } = await opened(spec);
    const together = await run(rows);
    const { chosen } = reference(spec, rows);
    for (const [from, to] of [[0, 2], [0, 3], [7, 23], [100, 140], [1, 140], [63, 65], [0, 129]] as const) {
      assert.equal(bits(await run(rows.slice(from * d, to * d))), bits(together.slice(from * d, to * d)), `rows ${from} to ${to}`);
    }
    for (let n = 0; n < 140; n += 9) {
      const row = rows.slice(n * d, (n + 1) * d);
      const others = [...chosen.keys()].filter((m) => m !== n && !chosen[m]!.some((expert) => chosen[n]!.includes(expert))).slice(0, 20);
      // Twice the same, since one row alone is never asked for; then beside those who share no expert with it; then in another place among all.
      const beside = Float32Array.from([...others.flatMap((m) => [...rows.subarray(m * d, (m + 1) * d)]), ...row]);
      const pair = await run(Float32Array.from([...row, ...row]));
      assert.equal(bits(pair.slice(0, d)), bits(together.slice(n * d, (n + 1) * d)), `row ${n} twice`);
      assert.equal(bits(pair.slice(d)), bits(pair.slice(0, d)));
      if (others.length > 0) assert.equal(bits((await run(beside)).slice(-d)), bits(pair.slice(0, d)), `row ${n} beside ${others.length} that choose other experts`);
      assert.equal(bits((await run(Float32Array.from([...row, ...rows]))).slice(0, d)), bits(pair.slice(0, d)), `row ${n} in front of all`);
    }
    await close();
  });
}

test("equal probabilities go to the lower experts", async () => {
  const spec = experts({ d: 16, width: 8, count: 6, perToken: 2, normalized: true, dtype: "f32" });
  const zeros = join(folder, "zeros");
  writeFileSync(zeros, new Uint8Array(spec.router.weight.length));
  const routerOf = (count: number): LinearSpec => ({ ...spec.router, weight: { ...spec.router.weight, file: zeros, shape: [count, 16], length: count * 64 } });
  const { run, close } = await opened({ ...spec, router: routerOf(6) });
  const rows = randomRows(3, 16);
  const first = await opened({ ...spec, experts: spec.experts.slice(0, 2), router: routerOf(2) });
  assert.equal(bits(await run(rows)), bits(await first.run(rows)));
  await close();
  await first.close();
});

test("experts that lie in several files, and parts of one in two, give the same bits as in one file", async () => {
  const shape: Shape = { d: 64, width: 40, count: 12, perToken: 3, normalized: true, dtype: "bf16" };
  const rows = randomRows(50, 64);
  const results: Uint32Array[] = [];
  for (const fileOf of [undefined, (expert: number, part: string) => (expert < 5 || (expert === 5 && part === "down") ? "a" : "b"), (expert: number) => `every${expert % 3}`, (_: number, part: string) => part]) {
    const { run, close } = await opened(experts({ ...shape, ...(fileOf === undefined ? {} : { fileOf }) }));
    results.push(bits(await run(rows)));
    // Tokens that choose experts of one loop alone.
    results.push(bits((await run(rows.slice(0, 128))).slice(0, 64)));
    await close();
  }
  for (let i = 2; i < results.length; i += 2) assert.equal(results[i], results[0]), assert.equal(results[i + 1], results[1]);
  assert.equal(results[1], results[0]!.slice(0, 64));
});

test("an overflow in one token stays in its row", async () => {
  const spec = experts({ d: 32, width: 16, count: 8, perToken: 2, normalized: true, dtype: "f32" });
  const rows = randomRows(12, 32);
  const { run, close } = await opened(spec);
  const sound = await run(rows);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
    const broken = rows.slice();
    broken.fill(bad, 5 * 32, 6 * 32);
    const made = await run(broken);
    assert.equal(bits(made.slice(0, 5 * 32)), bits(sound.slice(0, 5 * 32)), String(bad));
    assert.equal(bits(made.slice(6 * 32)), bits(sound.slice(6 * 32)), String(bad));
    assert.not.ok(made.slice(5 * 32, 6 * 32).every(Number.isFinite), String(bad));
  }
  await close();
});

test("nobody's weights are cast outside of the loop, and the graph grows with layers and not with experts", () => {
  const nodesOf = (count: number): number => {
    const spec = experts({ d: 8, width: 4, count, perToken: 2, normalized: false, dtype: "bf16" });
    const graph = createGraph("experts");
    output(graph, "y", mlp(graph, "/mlp", input(graph, "x", "f32", ["n", 8]), spec), "f32", ["n", 8]);
    assert.equal(graph.weightNodes.map(({ name }) => name), ["/mlp/router/weight"]);
    assert.match(printGraph(graph), /^ {4}\/mlp\/experts\/gate\/cut = Slice/m);
    return finish(graph, 0).operators;
  };
  // Routers of 17 to 64 experts are filled up alike.
  assert.is(nodesOf(17), nodesOf(64));
});

test.run();
