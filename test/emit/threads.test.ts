/** Without this file the number of threads could change bits: products cut in narrow parts, and operators that end each thread's part by other means. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { constant, createGraph, finish, input, output } from "../../src/emit/graph.ts";
import { product } from "../../src/emit/product.ts";
import type { Layout } from "../../src/emit/sae_specs.ts";
import type { GraphTap } from "../../src/emit/specs.ts";
import { CPU } from "../../src/emit/target.ts";
import { HOOKS } from "../../src/ops/hook.ts";
import { generator } from "../kernels/seeded.ts";
import { floats, forwardFeeds, generate, openGraph } from "./run_graph.ts";

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

test("a product has the same bits for any number of rows and threads, whatever its shape", async () => {
  const next = generator(3);
  const random = (count: number): Float32Array => Float32Array.from({ length: count }, () => next() - 0.5);
  for (const k of [48, 640, 2048]) {
    const x = random(600 * k);
    for (const columns of [1, 2, 15, 16, 17, 33, 64, 65, 80, 97, 192, 256, 513]) {
      const [w, b] = [random(k * columns), random(columns)];
      const layout: Layout = columns % 3 === 0 ? "in_out" : "out_in";
      let whole: Uint32Array | null = null;
      for (const parts of [1, 2, 3, 8]) {
        const graph = createGraph("product", { ...CPU, parts });
        const rows = input(graph, "x", "f32", ["n", k]);
        const matrix = constant(graph, "f32", layout === "out_in" ? [columns, k] : [k, columns], w);
        output(graph, "y", product(graph, "/y", rows, matrix, columns, layout, columns % 2 === 0 ? null : constant(graph, "f32", [columns], b)), "f32", ["n", columns]);
        const session = await openGraph(finish(graph, 0), parts);
        for (const n of [600, 200, 100, 17, 2]) {
          const { y } = await session.run({ x: new ort.Tensor("float32", x.subarray(0, n * k), [n, k]) });
          const made = bits(y!.data as Float32Array);
          whole ??= made;
          assert.equal(made, whole.subarray(0, made.length), `${k} × ${columns} ${layout}, ${n} rows, ${parts} threads`);
        }
        await session.release();
      }
    }
  }
});

test("every product of a model or an SAE is one of these", () => {
  const emitters = join(import.meta.dirname, "../../src/emit");
  const others = readdirSync(emitters, { withFileTypes: true }).filter((entry) => entry.isFile() && /"(Gemm|MatMul)"/.test(readFileSync(join(emitters, entry.name), "utf8"))).map(({ name }) => name);
  // Those of screening are bounds of products, and products that are looked at for the order of their sums; those of reading are timed, and their numbers thrown away.
  assert.equal(others.sort(), ["product.ts", "reading.ts", "screen.ts"]);
});

const fixtures = join(import.meta.dirname, "../parity/architectures");
const document = (length: number, salt: number): number[] => Array.from({ length }, (_, at) => (at * 7919 * salt + 13 * at * at + salt) % 64);
/** Together they are many rows, and one alone are few. */
const documents = [130, 3, 64, 1, 97, 129, 17].map((length, at) => document(length, at + 1));

for (const name of readdirSync(fixtures)) {
  test(`${name}: hooks and continuations have the same bits with any number of threads`, async () => {
    const { spec } = await readModel(join(fixtures, name));
    const blocks = Math.min(2, spec.blocks.length);
    const taps = HOOKS.filter((hook) => spec.hooks[hook].state === "present").map((hook): GraphTap => ({ layer: blocks - 1, hook, sae: null }));
    const [long] = documents as [number[]];
    const prompts = [1, 2, 3].map((salt) => document(11, salt));
    let first: { readonly together: readonly Uint32Array[]; readonly continued: readonly (readonly number[])[] } | null = null;
    for (const parts of [1, 2, 5]) {
      const target = { ...CPU, parts };
      const session = await openGraph(emitForward(spec, taps, { blocks, slice: true, target }), parts);
      const run = async (each: readonly (readonly number[])[]): Promise<readonly Uint32Array[]> => {
        const outputs = await session.run(forwardFeeds(each));
        return taps.map((_, tap) => bits(floats(outputs, `tap${tap}_dense`)));
      };
      const together = await run(documents);
      const alone = await run([long]);
      await session.release();
      const continuing = await openGraph(emitGenerate(spec, target), parts);
      const continued = await generate(continuing, prompts, 8);
      await continuing.release();
      first ??= { together, continued };
      taps.forEach(({ hook }, tap) => {
        assert.equal(together[tap], first!.together[tap], `${hook}, ${parts} threads`);
        assert.equal(alone[tap], first!.together[tap]!.subarray(0, alone[tap]!.length), `${hook} alone, ${parts} threads`);
      });
      assert.equal(continued, first.continued, `${parts} threads`);
    }
  });
}

test.run();
