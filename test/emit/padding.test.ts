/** Without this file documents could be padded rightly for the cache of one machine only. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { mostPadded, paddedLength } from "../../src/emit/padding.ts";

const MB = 2 ** 20;

/**
 * The shortest even length from which on a document's bits were those of every longer one, found by running each with a library that answers for
 * the size of the cache: documents of `length` tokens, padded to every even length up to 300.
 */
const MEASURED: readonly (readonly [width: number, cache: number, length: number, from: number])[] = [
  [256, MB, 2, 66], [256, MB, 64, 66], [256, MB, 66, 66], [256, MB, 128, 128], [256, MB, 130, 194],
  [512, MB, 100, 100], [512, MB, 128, 128], [512, MB, 130, 162], [512, MB, 66, 98],
  [256, 1.25 * MB, 130, 130], [512, 1.25 * MB, 100, 146], [512, 1.25 * MB, 128, 146], [512, 1.25 * MB, 64, 66],
  [256, 2 * MB, 130, 130], [256, 2 * MB, 2, 66],
];

test("documents are padded to where their bits were measured to be steady", () => {
  for (const [width, cache, length, from] of MEASURED) assert.is(paddedLength(length, [width], cache), from, `${length} tokens, heads of ${width}, ${cache} bytes`);
});

test("heads of at most 64 columns, and of 128, ask for an even length alone", () => {
  for (let length = 1; length < 300; length++) assert.is(paddedLength(length), length + (length % 2));
});

/** In how many runs MLAS sums a head's columns for a block of keys: the loops of `MlasSgemmOperation`, as they are written there. */
function runs(columns: number, keys: number): number {
  let [strideN, strideK] = [128, 128];
  if (keys >= columns) {
    while (strideK / 2 >= columns) [strideN, strideK] = [strideN * 2, strideK / 2];
  } else {
    while (strideN > 16 && strideN / 2 >= keys) [strideN, strideK] = [strideN / 2, strideK * 2];
  }
  return Math.ceil(columns / strideK);
}

test("on any cache every key of every document of a batch lies in a block that is summed as a whole one, and no document's query is alone in its block", () => {
  for (const cache of [256 * 1024, 512 * 1024, MB, 1.25 * MB, 1.5 * MB, 2 * MB, 3 * MB, 12 * MB]) {
    for (const width of [72, 80, 88, 96, 104, 112, 136, 160, 192, 208, 256, 320, 512]) {
      const block = Math.floor(cache / (4 * 4 * 2 * width));
      for (let longest = 1; longest <= 700; longest += longest < 300 ? 1 : 7) {
        const fed = paddedLength(longest, [width], cache);
        const said = `${longest} tokens fed as ${fed}, heads of ${width}, ${cache} bytes`;
        assert.ok(fed % 2 === 0 && fed >= longest && fed <= mostPadded(longest), said);
        assert.ok(fed <= paddedLength(longest, [width], null), `${said}: more than where nothing is known of the cache`);
        for (let start = 0; start < longest; start += block) assert.is(runs(width, Math.min(block, fed - start)), runs(width, block), said);
        const queries = Math.min(block, 2 * width);
        assert.ok(queries === 1 || fed > longest || longest % queries !== 1, said);
      }
    }
  }
});

test("where nothing is known of the cache it is right for all that processors have", () => {
  for (const width of [96, 136, 256, 512]) {
    for (const cache of [256 * 1024, 512 * 1024, MB, 1.25 * MB, 1.5 * MB, 2 * MB, 2.5 * MB, 3 * MB, 4 * MB, 12 * MB, 16 * MB]) {
      const block = Math.floor(cache / (32 * width));
      for (let longest = 1; longest <= 600; longest++) {
        const fed = paddedLength(longest, [width], null);
        for (let start = Math.floor((longest - 1) / block) * block; start < longest; start += block) assert.is(runs(width, Math.min(block, fed - start)), runs(width, block), `${longest}, ${width}, ${block}`);
        assert.ok(fed <= mostPadded(longest), `${longest} fed as ${fed}`);
      }
    }
  }
  // The texts that are usual are fed as they are.
  assert.equal([100, 112, 128].map((length) => paddedLength(length, [256], null)), [100, 112, 128]);
});

test.run();
