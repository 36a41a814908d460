/** Without this file ties, ranks and shares of a vocabulary would be right on the rows that somebody happened to look at. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { capLogits, likeliest, predictions } from "../../runtime/kernels/softmax.ts";
import { draw, drawable } from "../../runtime/kernels/drawing.ts";
import { predictRows } from "../../runtime/engine/lane_predicting.ts";
import { generator } from "./seeded.ts";

test("the likeliest come first, and of equal logits the lower id, for any count", () => {
  const random = generator(5);
  for (const size of [1, 2, 700, 1500]) {
    const row = Float32Array.from({ length: size }, () => Math.floor(random() * 40) - 20);
    const sorted = Array.from(row, (_, id) => id).sort((a, b) => row[b]! - row[a]! || a - b);
    for (const count of [1, 2, 5, 600, 1500]) assert.equal([...likeliest(row, count)], sorted.slice(0, count), `${count} of ${size}`);
  }
});

test("all numbers are sorted by what they are worth: zeros of both signs, the smallest, the largest and none at all", () => {
  const row = Float32Array.from({ length: 700 }, (_, at) => [0, -0, 1e-45, -1e-45, 3e38, -3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1.5][(at * 7) % 10]!);
  const worth = (id: number): number => (Number.isNaN(row[id]!) ? Number.NEGATIVE_INFINITY : row[id]!);
  const sorted = Array.from(row, (_, id) => id).sort((a, b) => (worth(a) === worth(b) ? a - b : worth(b) - worth(a)));
  assert.equal([...likeliest(row, 700)], sorted);
});

test("a share of the probability is of as many tokens as it takes, few or nearly all", () => {
  const random = generator(11);
  const row = Float32Array.from({ length: 3000 }, () => 8 * random());
  const most = Math.max(...row);
  for (const temperature of [0.2, 1, 30]) {
    for (const topP of [0.01, 0.5, 0.9, 0.999, 1]) {
      for (const topK of [null, 5, 900]) {
        const weight = (id: number): number => Math.exp((row[id]! - most) / temperature);
        const ids = Array.from(row, (_, id) => id).sort((a, b) => row[b]! - row[a]! || a - b).slice(0, topK ?? row.length);
        const all = ids.slice().sort((a, b) => a - b).reduce((sum, id) => sum + weight(id), 0);
        const kept: number[] = [];
        for (let before = 0; kept.length < ids.length && (kept.length === 0 || before < topP * all); ) {
          before += weight(ids[kept.length]!);
          kept.push(ids[kept.length]!);
        }
        assert.equal([...drawable(row, { temperature, topK, topP }).ids], kept.sort((a, b) => a - b), JSON.stringify({ temperature, topP, topK }));
      }
    }
  }
  assert.throws(() => draw(drawable(Float32Array.of(1, Number.NaN, 2), { temperature: 1, topK: null, topP: 0.9 }), 0.5), /not finite/);
});

test("what is no number is never likely", () => {
  assert.equal([...likeliest(Float32Array.of(1, Number.NaN, 3, 3, Number.NEGATIVE_INFINITY), 3)], [2, 3, 0]);
});

test("ranks count what is larger, and equal ones of lower ids; probabilities add up to one", () => {
  const row = Float32Array.of(0.5, 2, 2, -1, 0.5);
  const all = predictions([row], { kind: "named", ids: [0, 1, 2, 3, 4] }, 0);
  assert.equal([...all.ranks], [3, 1, 2, 5, 4]);
  assert.ok(Math.abs(all.logProbabilities.reduce((sum, each) => sum + Math.exp(each), 0) - 1) < 1e-15);
  const came = predictions([row, row], { kind: "came", ids: [9, 4, 2] }, 1);
  assert.equal([[...came.ids], [...came.ranks]], [[4, 2], [4, 2]]);
  const sure = predictions([Float32Array.of(300, -300)], { kind: "top", count: 2 }, 0);
  assert.equal([...sure.logProbabilities], [0, -600], "no probability is above one, and none is lost");
});

test("capped logits are those of cap · tanh(logit / cap), in float32", () => {
  const row = Float32Array.of(-100, -3, 0, 3, 100, 101);
  capLogits(row, 5);
  assert.equal([...row], [-100, -3, 0, 3, 100, 101].map((logit) => Math.fround(5 * Math.tanh(logit / 5))));
  assert.equal([...likeliest(row, 2)], [4, 5], "equal under the cap: the lower id");
});

test("rows of a head are what they are in parts of any size", async () => {
  const random = generator(8);
  const hidden = Float32Array.from({ length: 7 * 3 }, () => random() - 0.5);
  const weight = Float32Array.from({ length: 3 * 11 }, () => random() - 0.5);
  const runs: number[] = [];
  const head = { width: 3, vocabulary: 11, cap: 2, logits: async (rows: Float32Array): Promise<Float32Array> => {
    runs.push(rows.length / 3);
    return Float32Array.from({ length: (rows.length / 3) * 11 }, (_, at) => [0, 1, 2].reduce((sum, d) => sum + rows[Math.floor(at / 11) * 3 + d]! * weight[d * 11 + (at % 11)]!, 0));
  } };
  for (const asked of [{ kind: "top", count: 4 }, { kind: "named", ids: [3, 1] }, { kind: "came", ids: [1, 2, 3, 4, 5, 6] }] as const) {
    const whole = await predictRows(head, hidden, asked, 100);
    for (const most of [2, 3, 5]) assert.equal(await predictRows(head, hidden, asked, most), whole, `${asked.kind} by ${most}`);
  }
  assert.ok(runs.every((rows) => rows >= 2), "one row alone takes another kernel");
});

test("a token is drawn by where a number falls among the shares, by ascending id", () => {
  const row = Float32Array.from([0.1, 0.4, 0.2, 0.3], Math.log);
  const all = drawable(row, { temperature: 1, topK: null, topP: null });
  assert.equal([0, 0.09, 0.11, 0.49, 0.51, 0.69, 0.71, 0.9999].map((number) => draw(all, number)), [0, 0, 1, 1, 2, 2, 3, 3]);
  assert.equal([...drawable(row, { temperature: 1, topK: 2, topP: null }).ids], [1, 3]);
  assert.equal([...drawable(row, { temperature: 1, topK: null, topP: 0.6 }).ids], [1, 3]);
  assert.equal([...drawable(row, { temperature: 1, topK: 3, topP: 1e-9 }).ids], [1], "one stays always");
  assert.equal([...drawable(Float32Array.of(1, 1, 1, 0), { temperature: 1, topK: 2, topP: null }).ids], [0, 1], "of equal ones those of lower ids");
  assert.is(draw(drawable(Float32Array.of(0, 5, 0), { temperature: 1e-9, topK: null, topP: null }), 0.999999), 1);
  assert.throws(() => draw(drawable(Float32Array.of(Number.NaN, Number.NaN), { temperature: 1, topK: null, topP: null }), 0.5), "not finite");
});

test.run();
