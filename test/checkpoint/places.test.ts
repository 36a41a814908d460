/** Without this file the characters that a token stands for could be others than it was made of, where a tokenizer reads a text otherwise than it stands. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { placesIn } from "../../runtime/checkpoint/tokenizer/places.ts";

/** What each of these tokens stands for in the text; bytes for what is no text by itself. */
function stands(text: string, tokens: readonly (string | readonly number[])[]): readonly string[] {
  const places = placesIn(text, {
    piece: (id) => (typeof tokens[id] === "string" ? tokens[id] : "\ufffd"),
    specialIds: new Set(tokens.flatMap((token, id) => (token === "<unk>" ? [id] : []))),
    bytes: (id) => (typeof tokens[id] === "string" ? null : Uint8Array.from(tokens[id]!)),
  });
  tokens.forEach((_, id) => places.put(id));
  const ends = places.ends();
  return tokens.map((_, id) => text.slice(id === 0 ? 0 : ends[id - 1], ends[id]));
}

const byteToken = (text: string, from: number, to?: number): readonly number[] => [...Buffer.from(text)].slice(from, to);

test("tokens that spell a text as it stands", () => {
  assert.equal(stands("the sea  the", ["the", " sea", " ", " the"]), ["the", " sea", " ", " the"]);
  assert.equal(stands("", []), []);
});

test("a character that is cut through is of the token that it begins in", () => {
  assert.equal(stands("a日b😀c", ["a", byteToken("日", 0, 1), byteToken("日b", 1), byteToken("😀", 0, 2), byteToken("😀", 2, 3), byteToken("😀c", 3)]), ["a", "日", "b", "😀", "", "c"]);
  assert.equal(stands("“x", [byteToken("“", 0, 2), byteToken("“x", 2)]), ["“", "x"]);
});

test("normal forms: a letter and its marks are of the token that has them as one character", () => {
  assert.equal(stands("e\u0301te\u0301 fin", ["é", "t", byteToken("é", 0, 1), byteToken("é", 1), " fin"]), ["e\u0301", "t", "e\u0301", "", " fin"]);
  assert.equal(stands("\u1112\u1161\u11ab글", ["한", "글"]), ["\u1112\u1161\u11ab", "글"]);
  assert.equal(stands("ﬁne ½", ["f", "ine", " 1", "⁄2"]), ["ﬁ", "ne", " ½", ""]);
});

test("lower case, spaces put in and left out, and signs that are left out", () => {
  assert.equal(stands("The  ÉCOLE\u200b, now", [" the", " eco", "le", ",", " now"]), ["The", "  ÉCO", "LE", "\u200b,", " now"]);
  assert.equal(stands("the sea", [" the", " sea"]), ["the", " sea"]);
});

test("an unknown token stands for what lies before the next one that is found, and half a pair for what cannot be read", () => {
  assert.equal(stands("the 日本 sea", ["the", " <unk>", " sea"]), ["the", " 日本", " sea"]);
  assert.equal(stands("the Ω sea ΩΩ by", [" the", "<unk>", " sea", "<unk>", "<unk>", " by"]), ["the", " Ω", " sea", " ΩΩ", "", " by"]);
  assert.equal(stands("a\ud800b", ["a", [0xef, 0xbf], [0xbd], "b"]), ["a", "\ud800", "", "b"]);
});

test("tokens that are nowhere in a text are not sought for ever: eight places are looked at for each unit of it, and no more", () => {
  const sea = (lost: number): readonly string[] => stands("a b c d e sea", ["a", ...new Array<string>(lost).fill("xq"), " sea"]);
  assert.equal(sea(3), ["a", " b c d e", "", "", " sea"]);
  assert.equal(sea(20), ["a", ...new Array<string>(21).fill("")]);
  // Without an end to the looking this would take minutes.
  const text = "日本語 ".repeat(20_000);
  const made = stands(text, Array.from({ length: 60_000 }, (_, i) => (i % 3 === 0 ? "<unk>" : "x̧q")));
  assert.is(text.startsWith(made.join("")), true);
});

test("whatever tokens say, their parts are the text from its start, in order", () => {
  for (const tokens of [["x", "y"], ["b", "a"], [[0xf0, 0x9f], [0xff]], ["", "", "c"], ["abcabc", "abc"], [" ", "\n"]] as const) {
    const made = stands("abc 😀 abc", tokens);
    assert.ok("abc 😀 abc".startsWith(made.join("")), JSON.stringify(made));
    for (const part of made) assert.is(part.toWellFormed(), part);
  }
});

test.run();
