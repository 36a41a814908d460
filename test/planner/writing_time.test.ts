/** Without this file a model's writing could be foretold as taking any time at all. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { emitGenerate } from "../../src/emit/generate.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec } from "../../src/emit/specs.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import type { TextValue } from "../../runtime/data/frame.ts";
import { WRITING_SPEED } from "../../runtime/engine/port.ts";
import type { Explanation, Pass } from "../../runtime/planner/explanation.ts";
import { timeOfWriting, wholeEditors, type WritingTime } from "../../runtime/planner/writing_time.ts";
import { familyModel } from "../docs/outside_checkpoints.ts";
import { hollowModel, type HollowShape } from "../engine/hollow_model.ts";
import { ownFolder } from "../house/own_folder.ts";
import { folder, open, run } from "../session/open.ts";

/** A machine whose figures nobody would measure: each shows by itself. */
const GIVEN = { gflops: 50, writing: { single: 8, half: 2, tiled: 0.5, copied: 4, drawn: 0.01 } };
const { single, half, tiled, copied } = GIVEN.writing;

/** The cache's folder of such a machine: measured once, and then written over. */
async function givenMachine(): Promise<{ readonly folder: string; readonly limit: number }> {
  const cache = { folder: ownFolder("saeq-"), limit: 2 ** 30 };
  const session = await open({ cache });
  await run(session, 'prompts "In the beginning" | generate max 2 | explain');
  await session.close();
  const path = join(cache.folder, "machine.json");
  const { format, machines } = JSON.parse(readFileSync(path, "utf8")) as { readonly format: number; readonly machines: Readonly<Record<string, typeof GIVEN>> };
  const [[name, measured]] = Object.entries(machines) as [[string, typeof GIVEN]];
  assert.equal([format, Object.keys(measured), Object.keys(measured.writing)], [2, ["gflops", "writing"], [...WRITING_SPEED]]);
  assert.ok([measured.gflops, ...Object.values(measured.writing)].every((figure) => figure > 0 && Number.isFinite(figure)));
  writeFileSync(path, JSON.stringify({ format, machines: { [name]: GIVEN } }));
  return cache;
}

const near = (actual: number, expected: number, what: string): void => assert.ok(Math.abs(actual / expected - 1) < 1e-9, `${what}: ${actual}, not ${expected}`);

test("a step reads all weights once, multiplies the rows beyond two by them, and copies what is kept; prompts are read as texts are", async () => {
  const cache = await givenMachine();
  const session = await open({ cache });
  const explained = async (query: string): Promise<{ readonly text: string; readonly data: Explanation; readonly pass: Pass }> => {
    const { text, data } = (await run(session, `${query} | explain`)).values.at(-1) as TextValue;
    return { text, data: data as Explanation, pass: (data as Explanation).passes[0]! };
  };
  // By its config, in bfloat16: all of its matrices are small ones.
  const config = JSON.parse(readFileSync(join(EXAMPLES, "kjv/model/config.json"), "utf8")) as Record<string, number>;
  const [width, heads, kvHeads, head, layers] = ["hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "num_hidden_layers"].map((name) => config[name]!) as [number, number, number, number, number];
  const inBlocks = layers * (2 * width * heads * head + 2 * width * kvHeads * head + 3 * width * config["intermediate_size"]!);
  const inHead = width * config["vocab_size"]!;
  const weights = (2 * (inBlocks + inHead)) / half / 1e9;
  const looking = (tokens: number): number => 4 * tokens * heads * head * layers;
  const ofKept = (tokens: number): number => (4 * 2 * kvHeads * head * layers * tokens * (1 / copied + 1 / single)) / 1e9;
  const step = (rows: number, tokens: number): number => weights + ((rows - 2) * 2 * (inBlocks + inHead) + rows * looking(tokens)) / 50e9 + rows * ofKept(tokens);
  const reading = (texts: number, each: number, rows: number): number => weights + (texts * each * (2 * inBlocks + looking(each)) + rows * 2 * inHead) / 50e9;

  const eight = await explained('csv "kjv/passages.csv" | take 8 | memorize prefix 31 continue 21');
  assert.equal([eight.data.gflops, eight.data.writing], [GIVEN.gflops, GIVEN.writing]);
  near(eight.pass.predicted!.steps!.seconds, step(8, 32 + 10.5), "a step");
  assert.is(eight.pass.predicted!.steps!.count, 20);
  near(eight.pass.predicted!.seconds!, reading(8, 32, 8) + 20 * step(8, 32 + 10.5), "eight texts");
  assert.match(eight.text, /\n {4}[\d.]+ GFLOP at most, up to about \d+ ms in one process: 20 steps of [\d.]+ ms\n/);

  const apart = await explained('set batch 3\ncsv "kjv/passages.csv" | take 8 | memorize prefix 31 continue 21');
  assert.match(apart.text, /in one process: 3 batches of 20 steps of [\d.]+ ms\n/);
  // The last has two.
  near(apart.pass.predicted!.seconds!, 2 * (reading(3, 32, 3) + 20 * step(3, 42.5)) + reading(2, 32, 2) + 20 * step(2, 42.5), "three batches");

  // One text is fed twice; a copy of a prompt is not read again.
  const one = await explained('csv "kjv/passages.csv" | take 1 | memorize prefix 31 continue 21');
  near(one.pass.predicted!.seconds!, reading(1, 32, 1) + 20 * step(2, 32 + 10.5), "one text");
  const drawn = await explained('csv "kjv/passages.csv" | take 2 | derive start = "In the beginning" | generate max 7 temperature 1 n 3 of start');
  const tokens = (drawn.pass.work as { readonly tokens: number }).tokens / 6;
  assert.equal((drawn.pass.work as { readonly prompts: object }).prompts, { texts: 1, tokens });
  const drawing = (6 * config["vocab_size"]!) / GIVEN.writing.drawn / 1e9;
  near(drawn.pass.predicted!.seconds!, reading(1, tokens, 6) + 6 * step(6, tokens + 3.5) + 7 * drawing, "six of one prompt");

  // What is kept takes no time, and where all is, nothing is said.
  await run(session, 'csv "kjv/passages.csv" | take 3 | memorize prefix 31 continue 21');
  const rest = await explained('csv "kjv/passages.csv" | take 8 | memorize prefix 31 continue 21');
  near(rest.pass.predicted!.seconds!, reading(5, 32, 5) + 20 * step(5, 32 + 10.5), "five that are left");
  assert.match(rest.text, /8 continuations, .*; 3 cached\n +5 of them run: /);
  const known = await explained('csv "kjv/passages.csv" | take 2 | memorize prefix 31 continue 21');
  assert.equal([known.pass.predicted!.seconds, known.data.gflops, known.data.writing], [null, null, null]);

  // It is told beside what it took.
  const { text } = (await run(session, 'csv "kjv/passages.csv" | take 2 | memorize prefix 12 continue 3 | explain analyze')).values[0] as TextValue;
  assert.match(text, /up to about [\d.]+ ms in one process: 2 steps of [\d.]+ ms\n(?: {4}at most .*\n)? {4}took [\d.]+ m?s, /);

  // What experts take was not measured, nor is a machine where nobody asked for it.
  const model = folder();
  familyModel(model, "qwen3_moe_mixed", "qwen");
  const experts = (await run(session, `set model ${JSON.stringify(model)}\nprompts "the word" | generate max 3 | explain`)).values[0] as TextValue;
  assert.equal([(experts.data as Explanation).passes[0]!.predicted!.seconds, "steps" in (experts.data as Explanation).passes[0]!.predicted!], [null, false]);
  assert.match(experts.text, /FLOP at most in one process\n/);
  await session.close();
});

const SHAPE: HollowShape = { hidden: 2048, mlp: 8192, heads: 16, kvHeads: 4, headDim: 128, layers: 2, dtype: "bf16", features: 4096, active: 0 };

interface Task {
  readonly texts: number;
  readonly tokens: number;
  readonly most: number;
  readonly lanes?: number;
  readonly together?: number;
  readonly editors?: readonly SaeSpec[];
}

function timeOf(shape: Partial<HollowShape>, { texts, tokens, most, lanes = 1, together = 32, editors = [] }: Task): { readonly time: WritingTime | null; readonly model: DecoderSpec; readonly sae: SaeSpec } {
  const { spec, sae, remove } = hollowModel({ ...SHAPE, ...shape });
  remove();
  const run = { texts, tokens: texts * tokens, rows: texts * most };
  const task = { model: spec, graph: emitGenerate(spec), editors, draws: false, limits: { tokens: 4096 }, dealt: { lanes, together: () => together } };
  return { time: timeOfWriting(task, { run, prompts: run, mostRows: most }, GIVEN), model: spec, sae };
}

/** Two rows and one token each, so that hardly anything but weights is left. */
const weightsOnly = (shape: Partial<HollowShape>): number => timeOf(shape, { texts: 2, tokens: 1, most: 2 }).time!.steps.seconds;

test("weights of two bytes take longer where their float32 copies do not stay in the caches, by the size of what is cast at once", () => {
  // Twice q and o [2048, 2048], k and v [512, 2048], gate and up [8192, 2048], down [2048, 8192]; the vocabulary [1000, 2048]. Of each what is cast at once: less than 2²¹ elements.
  const matrices = [...[[2048 * 2048, 704 * 2048], [2 ** 20, 2 ** 20], [2 ** 24, 960 * 2048]].flatMap((matrix) => Array<typeof matrix>(4).fill(matrix)), ...Array<number[]>(2).fill([2 ** 24, 192 * 8192]), [1000 * 2048, 1000 * 2048]] as [number, number][];
  const expected = matrices.reduce((sum, [count, tile]) => {
    const share = (tile - 2 ** 20) / (2 ** 23 - 2 ** 20);
    return sum + 2 * count * ((1 - share) / half + share / tiled);
  }, 0) / 1e9;
  const rest = (2 * 2 * (4 * 2 * 4 * 128 * 2) * (1 / copied + 1 / single)) / 1e9 + (2 * 4 * 2 * 16 * 128 * 2) / 50e9;
  near(weightsOnly({}), expected + rest, "bfloat16");
  near(weightsOnly({ dtype: "f16" }), expected + rest, "float16");
  near(weightsOnly({ dtype: "f32" }), (4 * matrices.reduce((sum, [count]) => sum + count, 0)) / single / 1e9 + rest, "float32");
});

test("texts are shared by processes in batches, and the last process to end counts", () => {
  const task = { tokens: 10, most: 5, together: 8 };
  const seconds = (texts: number, lanes: number): number => timeOf({}, { ...task, texts, lanes }).time!.seconds;
  const [eight, four] = [seconds(8, 1), seconds(4, 1)];
  near(seconds(16, 1), 2 * eight, "two batches by one process");
  near(seconds(16, 2), eight, "two by two");
  near(seconds(20, 2), eight + four, "a third that is smaller");
  near(seconds(28, 4), eight, "three and a half by four");
  assert.ok(four < eight && eight < 2 * four, "rows share what is read");
  assert.equal([20, 8, 3].map((texts) => timeOf({}, { ...task, texts, lanes: 2 }).time!.steps.batches), [3, 1, 1]);
  const { time } = timeOf({}, { texts: 0, tokens: 0, most: 5 });
  assert.equal(time, { seconds: 0, steps: { batches: 0, count: 0, seconds: 0 } });
});

test("an edit whose features compete takes the whole encoder in each step; of others, experts and float64 nothing is guessed", () => {
  const { sae, time } = timeOf({}, { texts: 6, tokens: 9, most: 4 });
  const topk: SaeSpec = { ...sae, kind: "topk", k: 8 };
  const edited = timeOf({}, { texts: 6, tokens: 9, most: 4, editors: [topk] }).time!;
  // [4096, 2048] are cast at once.
  near(edited.steps.seconds - time!.steps.seconds, (2 * 2 ** 23) / tiled / 1e9 + (4 * 2 * 2 ** 23) / 50e9, "a topk encoder");
  const edit = { layer: 0, hook: "resid_post", sae: { name: "s", digest: "", convention: "" }, features: [1], how: "set", value: 0, special: false } as const;
  assert.equal(wholeEditors([edit, { ...edit, how: "add" }], () => topk), [topk]);
  assert.equal(wholeEditors([edit], () => sae), []);
  assert.is(timeOf({ experts: { count: 4, perToken: 2 } }, { texts: 2, tokens: 3, most: 4 }).time, null);
  assert.is(timeOf({ dtype: "f64" }, { texts: 2, tokens: 3, most: 4 }).time, null);
});

test.run();
