/** Without this file nobody would be told of a row that is longer or shorter than the header, or of a cell without an end, before the file was read. */
import type { Leniency } from "../../src/ops/op.ts";
import { MOST_COLUMNS } from "../../src/ops/schema.ts";
import { DataError } from "./error.ts";
import { beginsJson } from "./foreign.ts";
import { MAX_FIELD_BYTES } from "./table_limits.ts";
import { counted } from "../counted.ts";

const MAX_ROW_BYTES = 256 * 1024 * 1024;
/** What separates cells elsewhere, and how much of a header is looked through for it. */
const SEPARATORS: readonly string[] = [";", "\t", "|", ","];
const MOST_HEAD = 4096;

/** The row and the cell that are being read. */
export interface CsvPlace {
  /** 0 is the header. */
  row: number;
  /** The line in which it begins, from 1, and the byte. */
  rowLine: number;
  rowStart: number;
  /** Cells of it that are whole, and the byte at which the next one begins. */
  cells: number;
  cellStart: number;
}

/** How long rows and cells are, and what is said where one is not as long as it may be. */
export interface CsvShape {
  readonly at: CsvPlace;
  /** Cells of the header; -1 before its end. */
  width(): number;
  /** Bytes of the header; those of rows are let pass. */
  look(bytes: Uint8Array): void;
  /** ` in row 3 (line 4)` */
  where(): string;
  fail(code: string, message: string, more?: { readonly notes?: string[]; readonly help?: string }): never;
  /** `openLine`: the line of a quote that is still open, else null. Throws DataError: field-too-large, row-too-large. */
  checkSizes(byte: number, openLine: number | null): void;
  /** The separator at `byte` ends a cell. Throws DataError as `checkSizes`, and too-many-columns. */
  endCell(byte: number): void;
  /** The row ends at `byte`. Throws DataError as `checkSizes`, ragged-row, and not-csv where the header is JSON. */
  endRow(byte: number): void;
  /** What follows the line end at `byte` begins with this line. */
  beginLine(line: number, byte: number): void;
  /** What is told where the header holds another separator: notes, and the line that names it; null where it holds none. */
  meantSeparator(): { readonly notes: string[]; readonly help: string } | null;
  /** Rows that were let pass with another number of cells. */
  uneven(): number;
}

/** `path` is for messages, `separator` a byte. Rows that `ragged` allows pass as they are, and are counted. */
export function createShape(path: string, separator: number, ragged: Leniency["ragged"]): CsvShape {
  const at: CsvPlace = { row: 0, rowLine: 1, rowStart: 0, cells: 0, cellStart: 0 };
  let expected = -1;
  let uneven = 0;
  const head: number[] = [];
  /** Another separator that the header holds more often than this one, as it is written. */
  const other = (): string | null => {
    const header = Buffer.from(head).toString("latin1");
    const [best] = SEPARATORS.filter((each) => each.charCodeAt(0) !== separator).map((each) => ({ each, times: header.split(each).length - 1 })).sort((a, b) => b.times - a.times);
    return best === undefined || best.times < expected ? null : JSON.stringify(best.each);
  };
  const meantSeparator: CsvShape["meantSeparator"] = () => {
    const meant = other();
    return meant === null ? null : { notes: [`the header looks as if its cells were separated by ${meant}`], help: `csv ${JSON.stringify(path)} sep ${meant}` };
  };
  const where = (): string => (at.row === 0 ? ` in the header (line ${at.rowLine})` : ` in row ${at.row} (line ${at.rowLine})`);
  const fail: CsvShape["fail"] = (code, message, more = {}) => {
    throw new DataError({ code, message: `${path}: ${message}`, row: at.row, ...more });
  };
  const checkSizes = (byte: number, openLine: number | null): void => {
    if (byte - at.cellStart > MAX_FIELD_BYTES) {
      const open = openLine === null ? {} : { notes: [`it opens with a quote on line ${openLine}; perhaps that quote is never closed`] };
      fail("field-too-large", `cell ${at.cells + 1}${where()} is larger than 16 MB`, { ...open, help: "split the text over several rows, or leave that column out" });
    }
    if (byte - at.rowStart > MAX_ROW_BYTES) fail("row-too-large", `the text${where()} is larger than 256 MB`, { help: "check that the file has line ends and is a table" });
  };
  return {
    at,
    where,
    fail,
    checkSizes,
    width: () => expected,
    look: (bytes) => {
      if (expected === -1 && head.length < MOST_HEAD) head.push(...bytes.subarray(0, MOST_HEAD - head.length));
    },
    meantSeparator,
    uneven: () => uneven,
    endCell: (byte) => {
      checkSizes(byte, null);
      at.cells++;
      if (at.cells >= MOST_COLUMNS) fail("too-many-columns", `there are more than ${MOST_COLUMNS} columns${where()}`, { notes: ["the separator, which goes behind the file name, may be another one"], help: 'sep ";"' });
      at.cellStart = byte + 1;
    },
    endRow: (byte) => {
      const found = at.cells + 1;
      checkSizes(byte, null);
      if (expected === -1) {
        if (beginsJson(Buffer.from(head).toString("latin1").split("\n", 1)[0]!)) fail("not-csv", "the first line is JSON, and no header of columns", { notes: ["`jsonl` reads an object per line, or a list of objects"], help: `jsonl ${JSON.stringify(path)}` });
        expected = found;
      }
      else if (ragged === "skip" || (ragged === "pad" && found < expected)) uneven += found === expected ? 0 : 1;
      else if (found !== expected) {
        const meant = meantSeparator();
        if (meant !== null) fail("ragged-row", `row ${at.row} (line ${at.rowLine}) has ${counted(found, "cell")}, the header has ${expected}`, meant);
        const plain = path.toLowerCase().endsWith(".txt");
        fail("ragged-row", `row ${at.row} (line ${at.rowLine}) has ${counted(found, "cell")}, the header has ${expected}`, {
          help: plain ? `text ${JSON.stringify(path)}` : `ragged ${found < expected && ragged !== "pad" ? "pad" : "skip"}`,
          notes: [ragged === "pad" ? "`ragged pad` puts nulls behind short rows only; `ragged skip` leaves rows out" : `\`ragged ${found < expected ? "pad" : "skip"}\` behind the file name reads on`, "a cell that holds the separator, a quote or a line end stands in double quotes"],
        });
      }
      at.row++;
      at.cells = 0;
    },
    beginLine: (line, byte) => {
      at.rowLine = line;
      at.cellStart = at.rowStart = byte + 1;
    },
  };
}
