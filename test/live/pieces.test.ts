/** Without these tests a script that was changed could be read otherwise than the same script opened anew. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../grammar/parse.ts";
import { parsedOf, readPieces, type Pieces } from "../../grammar/pieces.ts";
import { COUNT, handOf } from "./edits.ts";

const EDITS = 25;

function same(pieces: Pieces, text: string, before: string): void {
  try {
    assert.is(pieces.pieces.map((piece) => piece.text).join(""), text);
    assert.is(new Set(pieces.pieces).size, pieces.pieces.length);
    assert.equal(parsedOf(pieces), parse(text));
  } catch (error) {
    throw new Error(`${JSON.stringify({ before, text })}\n${String((error as { details?: string }).details ?? error)}`);
  }
}

test("a text that is changed bit by bit is read as it is read at once", () => {
  const hand = handOf("pieces");
  for (let round = 0; round < (2 * COUNT) / EDITS; round++) {
    const first = hand.script();
    let text = first;
    let pieces = readPieces(text);
    same(pieces, text, "");
    for (let i = 0; i < EDITS; i++) {
      const before = text;
      text = hand.below(6) === 0 ? first : hand.edited(text);
      pieces = readPieces(text, pieces);
      same(pieces, text, before);
    }
  }
});

test("a bracket that was left open above says nothing of `is` and `null` in a later statement", () => {
  const closed = "memorization | where (matching_tokens is\n  null) | count\n";
  const rest = 'memorization | where (matcnt\nuse "lib.saeq" as\n  not null) | count\nperfect | where (reference is # b\n  null) | count\nlet a = perfect | take 3\nSELECT * FROM reference is # a\n  not # b\n  null) tion\n';
  for (const open of ["memorization | where (matching_tokens is\n  nulxnt\n", "memorization | where ([matching_tokens) is\n  null\n"]) same(readPieces(open + rest, readPieces(closed + rest)), open + rest, closed + rest);
});

test("a query of SQL is one piece with all its lines, also behind a semicolon", () => {
  const closed = "LIMIT 3;\nlet x = SELECT * FROM perfect\nlet y = select a\nfrom perfect\nx | take 1\n";
  const joined = closed.replace("ct\nlet y", "let y");
  same(readPieces(joined, readPieces(closed)), joined, closed);
  same(readPieces(closed, readPieces(joined)), closed, joined);
});

test("what a change does not touch is not read again, also while a bracket or a quote is open", () => {
  const lines = Array.from({ length: 300 }, (_, i) => `## line ${i}\nlet a${i} = perfect | where reference == "x" | take ${i}\n`);
  const text = lines.join("");
  const first = readPieces(text);
  assert.is(first.pieces.length, 300);
  const at = text.indexOf("perfect", text.length / 2);
  for (const typed of ["x", "(", '"', "'", "|", "#", "\n", ";", "perfect |"]) {
    const next = readPieces(text.slice(0, at) + typed + text.slice(at), first);
    const kept = new Set(first.pieces);
    assert.ok(next.pieces.filter((piece) => !kept.has(piece)).length <= 3, `${typed}: ${next.pieces.filter((piece) => !kept.has(piece)).length}`);
    assert.ok(readPieces(text, next).pieces.filter((piece) => !kept.has(piece)).length <= 3, typed);
  }
});

test.run();
