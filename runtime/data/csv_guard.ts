/** Without this file papaparse would merge rows of mixed line ends, pass NUL, and tell an open quote at the end of the file. */
import type { Leniency } from "../../src/ops/op.ts";
import { DataError } from "./error.ts";

export const MAX_FIELD_BYTES = 16 * 1024 * 1024;
export const MAX_COLUMNS = 16_384;
const MAX_ROW_BYTES = 256 * 1024 * 1024;

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
  let row = 0;
  let rowLine = 1;
  let rowStart = 0;
  let fields = 0;
  let fieldStart = 0;
  let quoteLine = 0;
  let expected = -1;
  let betweenRows = false;
  let afterReturn = false;
  let blank = 0;
  let uneven = 0;
  let nuls = 0;
  const ends = { lf: 0, crlf: 0, cr: 0 };

  const where = (): string => (row === 0 ? ` in the header (line ${rowLine})` : ` in row ${row} (line ${rowLine})`);
  const fail = (code: string, message: string, more: { notes?: string[]; help?: string } = {}): never => {
    throw new DataError({ code, message: `${path}: ${message}`, row, ...more });
  };
  const checkSizes = (at: number): void => {
    if (at - fieldStart > MAX_FIELD_BYTES) {
      const open = state === QUOTED ? { notes: [`it opens with a quote on line ${quoteLine}; perhaps that quote is never closed`] } : {};
      fail("field-too-large", `cell ${fields + 1}${where()} is larger than 16 MB`, { ...open, help: "split the text over several rows, or leave that column out" });
    }
    if (at - rowStart > MAX_ROW_BYTES) fail("row-too-large", `the text${where()} is larger than 256 MB`, { help: "check that the file has line ends and is a table" });
  };
  const endRow = (at: number): void => {
    const found = fields + 1;
    checkSizes(at);
    if (expected === -1) expected = found;
    else if (ragged === "skip" || (ragged === "pad" && found < expected)) uneven += found === expected ? 0 : 1;
    else if (found !== expected) {
      fail("ragged-row", `row ${row} (line ${rowLine}) has ${found === 1 ? "1 cell" : `${found} cells`}, the header has ${expected}`, {
        help: "a cell that holds the separator, a quote or a line end must stand in double quotes",
        notes: ragged === "pad" ? ["`ragged pad` puts nulls behind short rows only"] : [`\`ragged ${found < expected ? "pad" : "skip"}\` behind the file name reads on`],
      });
    }
    row++;
    fields = 0;
    betweenRows = true;
  };
  const put = (byte: number): void => {
    if (betweenRows) {
      out[size++] = LF;
      betweenRows = false;
    }
    out[size++] = byte;
  };
  const lineEnd = (at: number): void => {
    const empty = state === START && fields === 0;
    if (state === CLOSED) closeQuote(at);
    if (!empty) endRow(at);
    else if (expected === 1) {
      put(0);
      put(0);
      endRow(at);
    } else blank++;
    line++;
    rowLine = line;
    state = START;
    fieldStart = rowStart = at + 1;
  };
  /** A quote inside quotes is held back until the next byte says whether it closes the cell. */
  const closeQuote = (at: number): void => {
    if (at - fieldStart === 2) out[size++] = 0;
    out[size++] = QUOTE;
  };

  const push = (input: Buffer): string => {
    if (out.length < input.length * 3 + 16) out = Buffer.allocUnsafe(input.length * 3 + 16);
    size = 0;
    for (let i = 0; i < input.length; i++) {
      // Most bytes are ordinary ones inside a cell: they pass as they are, many at a time.
      if (state === PLAIN || state === QUOTED) {
        const to = endOfRun(input, i, state === QUOTED ? QUOTE : separator, state === QUOTED ? QUOTE : CR);
        for (; i < to; i++) out[size++] = input[i] as number;
        if (i === input.length) break;
      }
      const byte = input[i] ?? 0;
      if (byte === 0 && nul === "drop") {
        nuls++;
        continue;
      }
      if (byte === 0) fail("nul-byte", `there is a NUL byte at byte ${consumed + i}${where()}`, { help: "NUL is not text; put `nul drop` behind the file name, or remove it: tr -d '\\000' < old.csv > new.csv" });
      if (afterReturn) {
        afterReturn = false;
        if (byte === LF) {
          ends.crlf++;
          fieldStart++;
          rowStart++;
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
        checkSizes(consumed + i);
        put(byte);
        fields++;
        if (fields >= MAX_COLUMNS) fail("too-many-columns", `there are more than ${MAX_COLUMNS} columns${where()}`, { help: 'check the separator: csv "…" sep ";"' });
        state = START;
        fieldStart = consumed + i + 1;
      } else if (byte === LF || byte === CR) {
        lineEnd(consumed + i);
        if (byte === CR) afterReturn = true;
        else ends.lf++;
      } else if (state === CLOSED) {
        fail("bad-quote", `text follows the closing quote of cell ${fields + 1}${where()}`, {
          notes: [`the cell opens with a quote on line ${quoteLine} and its quote closes on line ${line}`],
          help: 'Inside a quoted cell write a quote twice: "". Or a quote was opened and never closed there.',
        });
      } else {
        state = PLAIN;
        put(byte);
      }
    }
    consumed += input.length;
    checkSizes(consumed);
    return out.toString("utf8", 0, size);
  };

  const end = (): string => {
    size = 0;
    if (out.length < 16) out = Buffer.allocUnsafe(16);
    if (state === QUOTED) {
      fail("unclosed-quote", `a quote opened on line ${quoteLine}, cell ${fields + 1}${where()}, is never closed`, {
        help: 'Close it, or write a quote inside a quoted cell twice: "".',
      });
    }
    if (state === CLOSED) closeQuote(consumed);
    if (state !== START || fields > 0) endRow(consumed);
    return out.toString("utf8", 0, size);
  };

  return {
    push,
    end,
    place: () => ({ row, text: where() }),
    notes: () => {
      const kinds = [ends.crlf > 0 ? `${ends.crlf} CRLF` : "", ends.lf > 0 ? `${ends.lf} LF` : "", ends.cr > 0 ? `${ends.cr} CR` : ""].filter((kind) => kind !== "");
      const notes: string[] = [];
      if (kinds.length > 1) notes.push(`line ends are mixed: ${kinds.join(", ")}`);
      if (blank > 0) notes.push(blank === 1 ? "1 blank line skipped" : `${blank} blank lines skipped`);
      if (uneven > 0) notes.push(`${uneven} ${uneven === 1 ? "row" : "rows"} with another number of cells than the header ${ragged === "skip" ? "left out" : "filled with nulls"}`);
      if (nuls > 0) notes.push(`${nuls} NUL ${nuls === 1 ? "byte" : "bytes"} left out`);
      return notes;
    },
  };
}
