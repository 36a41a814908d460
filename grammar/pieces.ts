/** Without this file one changed letter would mean that a whole script is read anew. */
import type { Comment, Script, Statement } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { goesOnAbove, layOut } from "./layout.ts";
import { moved } from "./moved.ts";
import { countBefore, itself } from "./offsets.ts";
import { MOST_WORDS, parse, readText, select, wordsOf, type Parsed } from "./parse.ts";
import { span } from "./span.ts";
import { asksOn, beginsClause } from "./sql.ts";
import * as T from "./tokens.ts";

/** Whole lines that are read alike wherever they stand: a statement, and what stands above it. All offsets count from the piece's own start. */
export interface Piece {
  readonly text: string;
  readonly script: Script;
  /** What is wrong, before any of it is left out. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where its first text starts that is never closed. */
  readonly openAt: number | null;
  readonly words: number;
  /** It begins with a `|`: what stands before it would go on here. */
  readonly goesOn: boolean;
  /** A text in quotes in it runs over lines. */
  readonly manyLines: boolean;
  /** What was found in it, by the number of who looked: it goes when the piece goes. */
  readonly notes: unknown[];
}

/** A text cut into pieces, which together are read as the whole is. */
export interface Pieces {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Where each piece begins. */
  readonly starts: readonly number[];
  /** Some quote has no partner in the whole text. */
  readonly open: boolean;
  /** What the next text is compared with: this, or where the text could not be cut what was before it. */
  readonly basis: Pieces | null;
}

const LINE = { open: true } as const;

/** Cut a text and read its pieces; those that an older text has as well are not read again. */
export function readPieces(text: string, old: Pieces | null = null): Pieces {
  const basis = old?.basis ?? null;
  try {
    return cut(text, basis) ?? asWhole(text, basis);
  } catch (error) {
    // A text in quotes that is too long to be read is told of the whole.
    if (error instanceof RangeError) return asWhole(text, basis);
    throw error;
  }
}

/** What `parse` gives for the text. */
export function parsedOf(all: Pieces): Parsed {
  const { text, pieces, starts } = all;
  const statements: Statement[] = [];
  const comments: Comment[] = [];
  const blankLines: number[] = [];
  const wordStarts: number[] = [];
  for (const [i, { script }] of pieces.entries()) {
    const by = starts[i]!;
    for (const each of script.statements) statements.push(moved(each, by));
    for (const each of script.comments) comments.push(moved(each, by));
    for (const each of script.blankLines) blankLines.push(each + by);
    for (const each of script.wordStarts) wordStarts.push(each + by);
  }
  return { script: { kind: "script", statements, comments, blankLines, wordStarts, span: span(0, text.length) }, diagnostics: syntaxOf(all) };
}

/** Mistakes of grammar, as `parse` tells them. */
export function syntaxOf({ pieces, starts }: Pieces): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  let openAt: number | null = null;
  for (const [i, piece] of pieces.entries()) {
    const by = starts[i]!;
    // The first text that is never closed is told, and no other.
    const told = openAt !== null;
    if (piece.diagnostics.length > 0) for (const each of piece.diagnostics) if (!told || each.code !== "open-string") found.push(moved(each, by));
    if (piece.openAt !== null) openAt ??= piece.openAt + by;
  }
  return select(found, openAt);
}

/** The piece that an offset stands in. */
export function pieceAt({ starts }: Pick<Pieces, "starts">, offset: number): number {
  return Math.max(0, countBefore(starts, offset + 1, itself) - 1);
}

function joined(text: string, pieces: readonly Piece[], open: boolean): Pieces {
  const starts: number[] = [];
  let at = 0;
  for (const piece of pieces) {
    starts.push(at);
    at += piece.text.length;
  }
  const made: { -readonly [K in keyof Pieces]: Pieces[K] } = { text, pieces, starts, open, basis: null };
  made.basis = made;
  return made;
}

/** The text as one piece, where it cannot be cut. */
function asWhole(text: string, basis: Pieces | null): Pieces {
  const { script, diagnostics } = parse(text);
  return { text, pieces: [{ text, script, diagnostics, openAt: null, words: 0, goesOn: true, manyLines: true, notes: [] }], starts: [0], open: false, basis };
}

/** The stretch that is read anew, in pieces of the older text: those before `from` and from `to` on are kept. */
interface Stretch {
  from: number;
  to: number;
}

function cut(text: string, old: Pieces | null): Pieces | null {
  const pieces = old?.pieces ?? [];
  const stretch = changed(text, pieces);
  const places = placesIn(text, old);
  const open = isOpen(text, pieces, stretch, places);
  widen(pieces, stretch, open);
  const known = open ? LINE : undefined;
  const alike = new Map(pieces.slice(stretch.from, stretch.to).filter((piece) => (open ? !piece.manyLines : piece.openAt === null)).map((piece) => [piece.text, piece]));
  if (old !== null && stretch.to === pieces.length) alike.delete(pieces.at(-1)?.text ?? "");
  const made: Piece[] = [];
  let from = places.head(stretch.from);
  for (let more = 1; ; more *= 2) {
    const end = places.tail(stretch.to);
    const read = segment(owned(text.slice(from, end)), known, alike);
    if (read === null) return null;
    for (const piece of read) {
      made.push(piece);
      from += piece.text.length;
    }
    if (stretch.to >= pieces.length || (from === end && !pieces[stretch.to]!.goesOn)) break;
    // What was read last may go on in what follows.
    if (from === end) from -= made.pop()?.text.length ?? 0;
    stretch.to = Math.min(pieces.length, stretch.to + more);
  }
  if (from < text.length && stretch.to >= pieces.length) {
    const last = pieceOf(owned(text.slice(from)), known);
    if (last === null || (last.lost && made.length + stretch.from > 0)) return null;
    made.push(last.piece);
  }
  const all = pieces.slice(0, stretch.from).concat(made, pieces.slice(stretch.to));
  return all.reduce((sum, { words }) => sum + words, 0) > MOST_WORDS ? null : joined(text, all, open);
}

/** The same characters in memory of their own: a slice would keep the whole text, of which there is another at each key. */
function owned(slice: string): string {
  return slice.length > LONG_SLICE ? slice : slice.split("").join("");
}

/** What is so long is most of its text. */
const LONG_SLICE = 200_000;

/** Where a piece of the older text begins in the new one: of those that are kept in front, and behind. */
interface Places {
  head(i: number): number;
  tail(i: number): number;
}

function placesIn(text: string, old: Pieces | null): Places {
  if (old === null) return { head: () => 0, tail: () => text.length };
  const startOf = (i: number): number => old.starts[i] ?? old.text.length;
  return { head: startOf, tail: (i) => text.length - old.text.length + startOf(i) };
}

/** The pieces that are not in the new text as they were. The one before them is among them: it may go on now. */
function changed(text: string, pieces: readonly Piece[]): Stretch {
  let [from, at] = [0, 0];
  while (from < pieces.length && text.startsWith(pieces[from]!.text, at)) at += pieces[from++]!.text.length;
  let [to, end] = [pieces.length, text.length];
  while (to > from && end - pieces[to - 1]!.text.length >= at && text.endsWith(pieces[to - 1]!.text, end)) end -= pieces[--to]!.text.length;
  // A piece is whole lines, also where its words stand at the end of another line now.
  if (to < pieces.length && end > 0 && text[end - 1] !== "\n") to++;
  while (from > 0 && pieces[--from]!.script.statements.length === 0);
  return { from, to };
}

/** Whether some quote of the new text has no partner. */
function isOpen(text: string, pieces: readonly Piece[], { from, to }: Stretch, { head, tail }: Places): boolean {
  const before = pieces.findIndex((piece, i) => i < from && piece.openAt !== null);
  if (before >= 0) return T.hasOpenQuote(text.slice(head(before)));
  if (T.hasOpenQuote(text.slice(head(from), tail(to)))) return T.hasOpenQuote(text.slice(head(from)));
  const behind = pieces.findIndex((piece, i) => i >= to && piece.openAt !== null);
  return behind >= 0 && T.hasOpenQuote(text.slice(tail(behind)));
}

/** Take in what is read in another way once a quote has lost its partner, or has got one. */
function widen(pieces: readonly Piece[], stretch: Stretch, open: boolean): void {
  for (const [i, { openAt, manyLines }] of pieces.entries()) {
    if (i >= stretch.from && i < stretch.to) continue;
    if (open ? !manyLines : openAt === null) continue;
    stretch.from = Math.min(stretch.from, i);
    stretch.to = open ? Math.max(stretch.to, i + 1) : pieces.length;
  }
}

/** The pieces of a stretch of text as far as they are whole; null: it cannot be cut. `alike`: pieces that were there before, by their text. */
function segment(text: string, known: typeof LINE | undefined, alike: Map<string, Piece>): readonly Piece[] | null {
  const words = wordsOf(text, known);
  if (typeof words === "string") return null;
  // A quote that is closed further down.
  if (known === undefined && words.openAt !== null) return [];
  const layout = layOut(words.tokens);
  if (layout.tooDeep) return null;
  const pieces: Piece[] = [];
  let from = 0;
  let statement = 0;
  for (const [i, token] of layout.tokens.entries()) {
    const to = token.startOffset + 1;
    if (token.tokenType !== T.Separator || asksOn(layout.tokens, statement, i)) continue;
    statement = i + 1;
    // At the start of a text that character means its encoding.
    if (token.image !== "\n" || text[to] === "\uFEFF") continue;
    const line = text.slice(from, to);
    const same = alike.get(line);
    // One piece stands in one place: what is known of it may be of that place.
    alike.delete(line);
    const read = same === undefined ? pieceOf(line, known) : { piece: same, closed: true, lost: false };
    if (read === null) return null;
    if (!read.closed) continue;
    // After words that it could not place the grammar goes on somewhere, which depends on what follows.
    if (read.lost) return null;
    pieces.push(read.piece);
    from = to;
  }
  return pieces;
}

interface OnePiece {
  readonly piece: Piece;
  /** What follows cannot belong to it. */
  readonly closed: boolean;
  readonly lost: boolean;
}

function pieceOf(text: string, known: typeof LINE | undefined): OnePiece | null {
  const read = readText(text, known);
  if (typeof read === "string") return null;
  const { script, diagnostics, openAt, words, layout, lost } = read;
  const first = layout.tokens[0];
  const manyLines = words.some((token) => token.tokenType === T.Str && token.image.includes("\n"));
  const closed = layout.open === 0 && layout.tokens.at(-1)?.tokenType === T.Separator && (known !== undefined || openAt === null);
  return { piece: { text, script, diagnostics, openAt, words: words.length, goesOn: first === undefined || goesOnAbove(first) || beginsClause(first), manyLines, notes: [] }, closed, lost };
}
