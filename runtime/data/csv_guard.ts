/** Without this file papaparse would merge rows of mixed line ends, pass NUL, and tell an open quote at the end of the file. */
import type { Leniency } from "../../src/ops/op.ts";
import { createShape } from "./csv_shape.ts";
import { counted } from "../counted.ts";

/** Stand for cells that papaparse cannot tell apart; unambiguous, because NUL is refused in data. */
export const EMPTY_QUOTED = "\0";
export const EMPTY_LINE = "\0\0";

export interface Guard {
  /** UTF-8 bytes in, the same text out with `\n` between rows, no final line end and the marks above. Throws DataError. */
  push(bytes: Buffer): string;
  /** Ends the last row. Throws for an open quote. */
  end(): string;
  /** The row being read: 0 is the header; lines count from 1. */
  place(): { readonly row: number; readonly text: string };
  notes(): string[];
}

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/** `start` before a cell, `plain` in one, `quoted` in quotes, `closed` after a quote that ends the cell or escapes the next one. */
const START = 0;
const PLAIN = 1;
const QUOTED = 2;
const CLOSED = 3;

/** The first byte from `from` on that means something inside a cell: the two that are named, a line feed, NUL; the end where there is none. */
function endOfRun(input: Buffer, from: number, one: number, other: number): number {
  let at = from;
  for (; at < input.length; at++) {
    const byte = input[at];
    if (byte === one || byte === other || byte === LF || byte === 0) break;
  }
  return at;
}

/** `separator` is one ASCII byte. `path` is for messages. Ragged rows that `ragged` allows pass as they are, and are counted. */
export function createGuard(path: string, separator: number, { ragged, nul }: Leniency = {}): Guard {
  let state = START;
  let out = Buffer.alloc(0);
  let size = 0;
  let consumed = 0;
  let line = 1;
  let quoteLine = 0;
  let betweenRows = false;
  let afterReturn = false;
  let blank = 0;
  let nuls = 0;
  const ends = { lf: 0, crlf: 0, cr: 0 };

  const shape = createShape(path, separator, ragged);
  const { at, where, fail } = shape;
  const endRow = (byte: number): void => {
    shape.endRow(byte);
    betweenRows = true;
  };
  const put = (byte: number): void => {
    if (betweenRows) {
      out[size++] = LF;
      betweenRows = false;
    }
    out[size++] = byte;
  };
  const lineEnd = (byte: number): void => {
    const empty = state === START && at.cells === 0;
    if (state === CLOSED) closeQuote(byte);
    if (!empty) endRow(byte);
    else if (shape.width() === 1) {
      put(0);
      put(0);
      endRow(byte);
    } else blank++;
    line++;
    state = START;
    shape.beginLine(line, byte);
  };
  /** A quote inside quotes is held back until the next byte says whether it closes the cell. */
  const closeQuote = (byte: number): void => {
    if (byte - at.cellStart === 2) out[size++] = 0;
    out[size++] = QUOTE;
  };

  const push = (input: Buffer): string => {
    if (out.length < input.length * 3 + 16) out = Buffer.allocUnsafe(input.length * 3 + 16);
    size = 0;
    for (let i = 0; i < input.length; i++) {
      // Most bytes are ordinary ones inside a cell: they pass as they are, many at a time.
      if (state === PLAIN || state === QUOTED) {
        const to = endOfRun(input, i, state === QUOTED ? QUOTE : separator, state === QUOTED ? QUOTE : CR);
        if (shape.width() === -1) shape.look(input.subarray(i, to));
        // Short runs cost less byte by byte.
        if (to - i > 32) size += input.copy(out, size, i, to);
        else for (let next = i; next < to; next++) out[size++] = input[next] as number;
        i = to;
        if (i === input.length) break;
      }
      if (shape.width() === -1) shape.look(input.subarray(i, i + 1));
      const byte = input[i] ?? 0;
      if (byte === 0 && nul === "drop") {
        nuls++;
        continue;
      }
      if (byte === 0) fail("nul-byte", `there is a NUL byte at byte ${consumed + i}${where()}`, { notes: ["`nul drop` goes behind the file name; `tr -d '\\000' < old.csv > new.csv` removes it from a file"], help: "nul drop" });
      if (afterReturn) {
        afterReturn = false;
        if (byte === LF) {
          ends.crlf++;
          at.cellStart++;
          at.rowStart++;
          continue;
        }
        ends.cr++;
      }
      if (state === QUOTED) {
        if (byte === QUOTE) state = CLOSED;
        else {
          if (byte === LF) line++;
          out[size++] = byte;
        }
      } else if (byte === QUOTE && state !== PLAIN) {
        if (state === START) quoteLine = line;
        else out[size++] = QUOTE;
        state = QUOTED;
        put(byte);
      } else if (byte === separator) {
        if (state === CLOSED) closeQuote(consumed + i);
        put(byte);
        shape.endCell(consumed + i);
        state = START;
      } else if (byte === LF || byte === CR) {
        lineEnd(consumed + i);
        if (byte === CR) afterReturn = true;
        else ends.lf++;
      } else if (state === CLOSED) {
        const meant = shape.meantSeparator();
        fail("bad-quote", `text follows the closing quote of cell ${at.cells + 1}${where()}`, {
          notes: [`the cell opens with a quote on line ${quoteLine} and its quote closes on line ${line}`, ...(meant?.notes ?? []), 'inside a quoted cell a quote is written twice: ""; or one was opened there and never closed'],
          ...(meant === null ? {} : { help: meant.help }),
        });
      } else {
        state = PLAIN;
        put(byte);
      }
    }
    consumed += input.length;
    shape.checkSizes(consumed, state === QUOTED ? quoteLine : null);
    return out.toString("utf8", 0, size);
  };

  const end = (): string => {
    size = 0;
    if (out.length < 16) out = Buffer.allocUnsafe(16);
    if (state === QUOTED) {
      fail("unclosed-quote", `a quote opened on line ${quoteLine}, cell ${at.cells + 1}${where()}, is never closed`, {
        notes: ['inside a quoted cell a quote is written twice: ""'],
      });
    }
    if (state === CLOSED) closeQuote(consumed);
    if (state !== START || at.cells > 0) endRow(consumed);
    return out.toString("utf8", 0, size);
  };

  return {
    push,
    end,
    place: () => ({ row: at.row, text: where() }),
    notes: () => {
      const kinds = [ends.crlf > 0 ? `${ends.crlf} CRLF` : "", ends.lf > 0 ? `${ends.lf} LF` : "", ends.cr > 0 ? `${ends.cr} CR` : ""].filter((kind) => kind !== "");
      const notes: string[] = [];
      if (kinds.length > 1) notes.push(`line ends are mixed: ${kinds.join(", ")}`);
      if (blank > 0) notes.push(`${counted(blank, "blank line")} skipped`);
      const uneven = shape.uneven();
      if (uneven > 0) notes.push(`${counted(uneven, "row")} with another number of cells than the header ${ragged === "skip" ? "left out" : "filled with nulls"}`);
      if (nuls > 0) notes.push(`${counted(nuls, "NUL byte")} left out`);
      return notes;
    },
  };
}
