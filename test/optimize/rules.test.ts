/** Without this file a rule might not do what `explain` says of it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { key } from "../../src/ops/key.ts";
import type { Plan, Tap } from "../../src/ops/op.ts";
import { cutModel } from "../../src/optimize/cut_model.ts";
import { fuseEncode } from "../../src/optimize/fuse_encode.ts";
import { optimize } from "../../src/optimize/optimize.ts";
import { pruneFeatures } from "../../src/optimize/prune_features.ts";
import { pushAggregates } from "../../src/optimize/push_aggregates.ts";
import { pushSaves } from "../../src/optimize/push_saves.ts";
import { pushSlice } from "../../src/optimize/push_slice.ts";
import { shareForward } from "../../src/optimize/share_forward.ts";
import type { Rule } from "../../src/optimize/rule.ts";
import { verify } from "../../src/plan/verify.ts";
import { printPlan } from "../../src/plan/print.ts";

const at = { start: 0, end: 0 };
const model = { name: "m", digest: "d" };
const table = { kind: "table", columns: [], groups: null, known: true } as const;

function tokens(): Plan {
  const read: Plan = { op: { op: "literal", columns: [], rows: [] }, inputs: [], schema: table, at, label: "prompts" };
  return { op: { op: "tokenize", model, bos: true, textColumns: ["text"], whenTooLong: "error" }, inputs: [read], schema: { ...table, kind: "tokens" }, at, label: "tokenize" };
}
function forward(layers: readonly number[], input: Plan = tokens(), last: number | null = 50): Plan {
  const taps: Tap[] = layers.map((layer) => ({ layer, hook: "resid_post", sae: null }));
  return { op: { op: "forward", model, taps, window: { first: null, last, of: "all" }, blocks: null, slice: "after" }, inputs: [input], schema: { ...table, kind: "dense", layers }, at, label: `resid layer ${layers.join(", ")}` };
}
function encode(dense: Plan, name = "s"): Plan {
  const count = dense.op.op === "forward" ? dense.op.taps.length : 1;
  return { op: { op: "encode", saes: Array.from({ length: count }, () => ({ name, digest: name, convention: "saelens" })) }, inputs: [dense], schema: { ...dense.schema, kind: "acts" }, at, label: "encode" };
}
function group(...inputs: Plan[]): Plan {
  return { op: { op: "group", names: inputs.map((_, i) => `g${i}`) }, inputs, schema: { ...inputs[0]!.schema, groups: inputs.map((_, i) => `g${i}`) }, at, label: "groups" };
}

function pair(rule: Rule, before: Plan, after: string): void {
  const result = rule.apply(before);
  assert.ok(result !== null, `${rule.name} finds something to do`);
  assert.fixture(printPlan(result), after.trim());
  assert.is(rule.apply(result), null, `${rule.name} is done after one pass`);
}

test("fuse the encoder", () => {
  pair(fuseEncode, encode(forward([7])), `
forward m: layer 7 resid_post → s (saelens); all blocks; last 50, sliced afterwards  : acts
└─ tokenize text for m, BOS first  : tokens
   └─ literal 0 rows  : table`);
  assert.is(fuseEncode.apply(forward([7])), null);
});

test("an encoder stays apart where its residual is read by something else", () => {
  const dense = forward([7]);
  const acts = encode(dense);
  const decode: Plan = { op: { op: "decode", saes: acts.op.op === "encode" ? acts.op.saes : [] }, inputs: [acts, dense], schema: dense.schema, at, label: "decode" };
  assert.is(fuseEncode.apply(decode), null);
});

test("passes that give features and passes that give vectors are not one", () => {
  const both: Plan = { op: { op: "concat" }, inputs: [fuseEncode.apply(encode(forward([7])))!, forward([5])], schema: table, at, label: "concat" };
  assert.is(shareForward.apply(both), null);
});

test("push the aggregates", () => {
  const acts = (): Plan => fuseEncode.apply(encode(forward([7])))!;
  const node = (op: Plan["op"], kind: "table" | "features" | "acts", ...inputs: Plan[]): Plan => ({ op, inputs, schema: { ...inputs[0]!.schema, kind }, at, label: op.op });
  const stats = (input: Plan): Plan => node({ op: "statistics", threshold: 0.5 }, "table", input);
  const top = (input: Plan): Plan => node({ op: "rank", count: 3, by: "count", per: "all", threshold: 0 }, "features", input);
  pair(pushAggregates, stats(acts()), `
statistics, active above 0.5  : table
└─ forward m: layer 7 resid_post → s (saelens); all blocks; last 50, sliced afterwards; keeps features above 0.5, l0 above 0.5  : acts
   └─ tokenize text for m, BOS first  : tokens
      └─ literal 0 rows  : table`);
  const shared = acts();
  const keeps = (plan: Plan): string => /keeps .*?(?=  :)/.exec(printPlan(pushAggregates.apply(plan) ?? plan))?.[0] ?? "nothing";
  assert.is(keeps(top(node({ op: "tee" }, "acts", shared, stats(shared)))), "keeps features above 0, features above 0.5, l0 above 0.5");
  // A union counts in the activations behind its lists, with a threshold of its own.
  assert.is(keeps(node({ op: "union", threshold: 2 }, "table", top(group(shared, acts())))), "keeps features above 0, features above 2");
  assert.is(keeps(node({ op: "histogram", of: "activation", bins: null, overlay: false, log: false, threshold: 0 }, "table", shared)), "keeps values above 0");
  // Whoever shows, saves or keeps the activations needs them whole.
  const saved = node({ op: "save", path: "x.csv", format: "csv" }, "acts", shared);
  for (const whole of [shared, saved, top(saved), node({ op: "cache", name: "", seconds: null }, "acts", shared), stats(node({ op: "tee" }, "acts", shared, node({ op: "show", rows: null, wide: false }, "acts", shared)))]) assert.is(keeps(whole), "nothing");
  assert.is(keeps(node({ op: "contexts", features: null, count: 3, window: 5, threshold: 0 }, "table", top(shared))), "nothing");
  // Groups are compared text by text, and features are decoded, from activations that are there; so is what a side asks of the same pass.
  const compared = (input: Plan): Plan => node({ op: "compare", by: "max", threshold: 0, least: 5 }, "table", group(input, acts()));
  assert.is(keeps(compared(shared)), "nothing");
  assert.is(keeps(compared(node({ op: "tee" }, "acts", shared, stats(shared)))), "nothing");
  assert.is(keeps(top(node({ op: "tee" }, "acts", shared, compared(shared)))), "nothing");
  assert.is(keeps(node({ op: "decode", saes: [] }, "table", shared, forward([7]))), "nothing");
  // Dense activations are nobody's counts.
  assert.is(keeps(forward([7])), "nothing");
});

test("push the saves", () => {
  const acts = (layers: readonly number[] = [7]): Plan => fuseEncode.apply(encode(forward(layers)))!;
  const node = (op: Plan["op"], kind: "table" | "features" | "acts", ...inputs: Plan[]): Plan => ({ op, inputs, schema: { ...inputs[0]!.schema, kind }, at, label: op.op });
  const save = (input: Plan): Plan => node({ op: "save", path: "x.csv", format: "csv" }, "acts", input);
  const top = (input: Plan): Plan => node({ op: "rank", count: 3, by: "count", per: "all", threshold: 0 }, "features", input);
  pair(pushSaves, save(acts()), `
save csv "x.csv"  : acts
└─ #1 forward m: layer 7 resid_post → s (saelens); all blocks; last 50, sliced afterwards; keeps nothing  : acts
   └─ tokenize text for m, BOS first  : tokens
      └─ literal 0 rows  : table`);
  const shared = acts();
  const keeps = (plan: Plan): string => /keeps .*?(?=  :)/.exec(printPlan(pushSaves.apply(plan) ?? plan))?.[0] ?? "all";
  assert.is(keeps(top(node({ op: "tee" }, "acts", shared, save(shared)))), "keeps features above 0");
  assert.is(keeps(save(node({ op: "tee" }, "acts", shared, top(shared)))), "keeps features above 0");
  assert.is(keeps(top(save(save(shared)))), "keeps features above 0");
  assert.is(keeps(node({ op: "explain", analyze: false }, "table", save(shared))), "keeps nothing");
  assert.is(keeps(save(node({ op: "pick", taps: [1] }, "acts", acts([2, 7])))), "keeps nothing");
  assert.is(keeps(save(acts([2, 7]))), "keeps nothing");
  // What is asked for besides, and files whose rows do not come in their order, need activations that are held.
  const contexts = node({ op: "contexts", features: [3], count: 3, window: 5, threshold: 0 }, "table", shared);
  for (const whole of [shared, node({ op: "tee" }, "acts", save(shared), top(shared)), node({ op: "show", rows: null, wide: false }, "acts", save(shared)), save(node({ op: "tee" }, "acts", shared, contexts)), save(node({ op: "cache", name: "", seconds: null }, "acts", shared)), save(group(shared, acts())), save(forward([7]))]) assert.is(keeps(whole), "all");
});

test("prune the features", () => {
  const acts = (): Plan => fuseEncode.apply(encode(forward([7])))!;
  const node = (op: Plan["op"], kind: "table" | "features" | "acts", ...inputs: Plan[]): Plan => ({ op, inputs, schema: { ...inputs[0]!.schema, kind }, at, label: op.op });
  const contexts = (features: readonly number[] | null, input: Plan): Plan => node({ op: "contexts", features, count: 3, window: 5, threshold: 0 }, "table", input);
  pair(pruneFeatures, contexts([40, 12], acts()), `
contexts 40, 12: 3, 5 tokens on each side, active above 0  : table
└─ forward m: layer 7 resid_post → s (saelens), only 12, 40; all blocks; last 50, sliced afterwards  : acts
   └─ tokenize text for m, BOS first  : tokens
      └─ literal 0 rows  : table`);
  const shared = acts();
  const only = (plan: Plan): string => /only [\d, ]+/.exec(printPlan(pruneFeatures.apply(plan) ?? plan))?.[0] ?? "all";
  const rank = (input: Plan): Plan => node({ op: "rank", count: 3, by: "count", per: "all", threshold: 0 }, "features", input);
  // Several questions of one pass: what any of them names; all, where one of them names none.
  assert.is(only(node({ op: "concat" }, "table", contexts([3], shared), contexts([1], shared))), "only 1, 3");
  assert.is(only(contexts([3], group(shared, acts()))), "only 3");
  assert.is(only(contexts([3], node({ op: "tee" }, "acts", shared, contexts([9], shared)))), "only 3, 9");
  for (const whole of [shared, contexts(null, rank(shared)), node({ op: "concat" }, "table", contexts([3], shared), node({ op: "statistics", threshold: 0 }, "table", shared)), contexts([3], node({ op: "save", path: "x.csv", format: "csv" }, "acts", shared)), contexts([3], rank(shared))]) assert.is(only(whole), "all");
});

test("cut the model", () => {
  pair(cutModel, forward([2, 7]), `
forward m: layer 2 resid_post; layer 7 resid_post; blocks 0…7; last 50, sliced afterwards  : dense
└─ tokenize text for m, BOS first  : tokens
   └─ literal 0 rows  : table`);
});

test("push the slice", () => {
  pair(pushSlice, forward([7]), `
forward m: layer 7 resid_post; all blocks; last 50, gathered inside the last block  : dense
└─ tokenize text for m, BOS first  : tokens
   └─ literal 0 rows  : table`);
});

test("share the forward: two layers of the same texts are one pass", () => {
  pair(shareForward, group(forward([7]), forward([2])), `
group g0, g1  : groups<dense>
├─ pick 1  : dense
│  └─ #1 forward m: layer 2 resid_post; layer 7 resid_post; all blocks; last 50, sliced afterwards  : dense
│     └─ tokenize text for m, BOS first  : tokens
│        └─ literal 0 rows  : table
└─ pick 0  : dense
   └─ = #1`);
});

test("plans that differ in the sign of a zero, or in a number that JSON has not, have keys of their own", () => {
  const of = (value: number): string => key({ op: { op: "literal", columns: [{ name: "x", type: "float" }], rows: [[value]] } as unknown as Plan["op"], inputs: [], schema: table, at, label: "" });
  const keys = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(of);
  assert.is(new Set(keys).size, keys.length);
  assert.is(of(0), keys[0]);
});

test("share the forward: two SAEs on one layer are one pass with two taps", () => {
  const { plan, steps } = optimize(group(encode(forward([7]), "a"), encode(forward([7]), "b")));
  assert.equal(steps.map((step) => step.rule.name), ["fuse the encoder", "share the forward", "cut the model", "push the slice"]);
  assert.match(printPlan(plan), /#1 forward m: layer 7 resid_post → a \(saelens\); layer 7 resid_post → b \(saelens\); blocks 0…7/);
});

test("share the forward: what is read centred, or with biases folded out, is read apart", () => {
  const read = (more: Partial<Tap>): Plan => {
    const plan = forward([7]);
    return plan.op.op === "forward" ? { ...plan, op: { ...plan.op, taps: plan.op.taps.map((tap): Tap => ({ ...tap, hook: "z", ...more })) } } : plan;
  };
  const ways: readonly Partial<Tap>[] = [{}, { centred: true }, { folded: "values" }, { folded: "with_norm" }];
  const shared = shareForward.apply(group(...ways.map(read)));
  assert.ok(shared !== null);
  const given = shared.inputs.map(({ op, inputs: [pass] }) => {
    assert.ok(op.op === "pick" && pass?.op.op === "forward");
    return op.taps.map((at) => pass.op.op === "forward" ? pass.op.taps[at] : null);
  });
  assert.equal(given, ways.map((more) => [{ layer: 7, hook: "z", sae: null, ...more }]));
  for (const more of ways) assert.is(shareForward.apply(group(read(more), read(more))), null);
});

test("share the forward: another window is another pass", () => {
  assert.is(shareForward.apply(group(forward([7]), forward([2], tokens(), 10))), null);
});

test("a rule that changes a schema is a bug that is seen at once", () => {
  const bad: Rule = { name: "bad", doc: "", apply: (plan) => ({ ...plan, schema: { ...plan.schema, kind: "plot" } }) };
  assert.throws(() => optimize(forward([7]), [bad]), /bad changed the schema/);
  assert.throws(() => verify({ ...forward([7]), inputs: [] }, forward([7]).schema, "test"), /has 0 inputs/);
});

test.run();
