/** Without this file soft caps, windows, partial rotation and other norms could give bits that depend on the batch. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import type { GraphTap } from "../../src/emit/specs.ts";
import { HOOKS, widthIn, type Hook } from "../../src/ops/hook.ts";
import { floats, forwardFeeds, generate, openGraph } from "./run_graph.ts";

const fixtures = join(import.meta.dirname, "../parity/architectures");
const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);
const document = (length: number, salt: number): number[] => Array.from({ length }, (_, at) => (at * 7919 * salt + 13 * at * at + salt) % 64);
/** Around the blocks of attention and of matrix products, one token, odd ones, and longer and shorter than every window. */
const lengths = [1, 2, 3, 9, 16, 17, 31, 33, 63, 64, 65, 66, 97, 127, 128, 129, 130];

for (const name of readdirSync(fixtures)) {
  const folder = join(fixtures, name);

  test(`${name}: every hook has the same bits alone, in a batch, padded, as a prefix, and cut`, async () => {
    const { spec } = await readModel(folder);
    const present = HOOKS.filter((hook) => spec.hooks[hook].state === "present");
    // Two, or as many as it takes until one looks at the keys of another.
    const looking = spec.blocks.findIndex(({ attention }) => attention.kind === "softmax" && attention.qkv.kind === "queries");
    const blocks = Math.max(Math.min(2, spec.blocks.length), looking + 1);
    const last = blocks - 1;
    const taps = [0, last].slice(0, blocks).flatMap((layer) => present.map((hook): GraphTap => ({ layer, hook, sae: null })));
    const width = (layer: number, hook: Hook): number => (spec.hooks[hook].state === "present" ? widthIn(spec.hooks[hook], layer) : 0);
    const session = await openGraph(emitForward(spec, taps, { blocks, slice: true }));
    const run = async (documents: readonly (readonly number[])[], padTo = 0): Promise<readonly Float32Array[]> => {
      const outputs = await session.run(forwardFeeds(documents, padTo));
      return taps.map((_, index) => floats(outputs, `tap${index}_dense`));
    };
    const long = document(158, 5);
    const whole = await run([long]);
    for (const length of [...lengths, 157]) {
      const prefix = await run([long.slice(0, length)]);
      taps.forEach(({ layer, hook }, t) => assert.equal(bits(prefix[t]!.slice(0, length * width(layer, hook))), bits(whole[t]!.slice(0, length * width(layer, hook))), `prefix of ${length}, ${layer} ${hook}`));
    }
    const documents = lengths.map((length, at) => document(length, at + 1));
    const together = await run(documents, 140);
    let from = 0;
    for (const ids of documents) {
      const alone = await run([ids]);
      taps.forEach(({ layer, hook }, t) => {
        const mine = together[t]!.slice(from * width(layer, hook), (from + ids.length) * width(layer, hook));
        assert.equal(bits(alone[t]!.slice(0, mine.length)), bits(mine), `${ids.length} tokens, ${layer} ${hook}`);
      });
      from += ids.length;
    }
    await session.release();

    for (const hook of present) {
      const index = taps.findIndex((tap) => tap.layer === last && tap.hook === hook);
      for (const options of [{ blocks: null, slice: false }, { blocks: hook === "resid_pre" || hook === "ln1_normalized" ? last : blocks, slice: true }]) {
        const one = await openGraph(emitForward(spec, [{ layer: last, hook, sae: null }], options));
        const outputs = await one.run(forwardFeeds([long]));
        await one.release();
        assert.equal(bits(floats(outputs, "tap0_dense")), bits(whole[index]!), `${hook} by itself, ${JSON.stringify(options)}`);
      }
    }
  });

  test(`${name}: greedy continuations do not depend on the batch`, async () => {
    const { spec } = await readModel(folder);
    const session = await openGraph(emitGenerate(spec));
    const prompts = [1, 2, 3, 4, 5].map((salt) => document(11, salt));
    const together = await generate(session, prompts, 16);
    for (const [at, prompt] of prompts.entries()) assert.equal((await generate(session, [prompt, prompt], 16))[0], together[at]);
    await session.release();
  });
}

test.run();
