/** Without this file the short way for plain text could count other columns than the long one. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import seedrandom from "seedrandom";
import stringWidth from "string-width";
import { characters, columns, wrapped } from "../../grammar/width.ts";

/** Whatever may be near what the short way takes: Latin, marks, arrows, boxes, emoji, joiners, wide letters. */
const NEAR = Array.from({ length: 0x2700 }, (_, code) => String.fromCharCode(code)).concat(["\u3042", "\u4e00", "\ufe0f", "\ufe0e", "\u{1f469}", "\u{1f3fd}", "\u{1f1e9}", "\u{1f1ea}"]);
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

test("each character, and each pair of one with a letter, is as wide and as whole as string-width and ICU say", () => {
  for (const one of NEAR) {
    for (const text of [one, `a${one}`, `${one}a`, `${one}${one}`]) {
      assert.is(columns(text), stringWidth(text), JSON.stringify(text));
      assert.equal(characters(text), Array.from(segmenter.segment(text), ({ segment }) => segment), JSON.stringify(text));
    }
  }
});

test("so are texts of many of them", () => {
  const next = seedrandom("width");
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: 1 + Math.floor(next() * 12) }, () => NEAR[Math.floor(next() * NEAR.length)]!).join("");
    assert.is(columns(text), stringWidth(text), JSON.stringify(text));
    assert.equal(characters(text), Array.from(segmenter.segment(text), ({ segment }) => segment), JSON.stringify(text));
  }
});

test("a word that is longer than a line is broken between what one may choose from, and nowhere else", () => {
  assert.equal(wrapped("usage: acts [hook resid_post|resid_mid|resid_pre] [of all|prompt]", 20), ["usage: acts [hook", "resid_post|", "resid_mid|resid_pre]", "[of all|prompt]"]);
  assert.equal(wrapped("written `a || b_and_something_longer`, not or", 20), ["written `a ||", "b_and_something_longer`,", "not or"]);
  assert.equal(wrapped("in /a/long/path/without/any/blank", 20), ["in", "/a/long/path/without/any/blank"]);
});

test.run();
