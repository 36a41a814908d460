/** Without this file a table that does not fit into memory would end the whole session with a dump of V8, and what V8 cannot hold would look like a mistake of ours. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DataError } from "./error.ts";

/** Of the memory that V8 may take, what must stay free: a share, and what one piece of a file takes while it is read. */
const FREE_SHARE = 0.15;
const FREE_BYTES = 128 * 2 ** 20;
/** Rows between two looks at the memory. */
export const ROWS_A_LOOK = 50_000;
const HELP = "keep fewer rows or columns first: put `where`, `select` or `take` in front";

let collect: (() => void) | null = null;

/**
 * Asked while rows are gathered. `what`: what does not fit, in the words of its user: `the rows of x.csv`.
 * @throws DataError `too-large-to-hold`
 */
export function requireRoom(what: () => string, { used, limit, free }: Room = room()): void {
  const most = limit - Math.max(limit * FREE_SHARE, FREE_BYTES);
  if (used() <= most) return;
  free();
  if (used() <= most) return;
  throw tooLarge(`${what()} do not fit into memory: saeq may take ${(limit / 1e9).toFixed(1)} GB, and has ${(used() / 1e9).toFixed(1)} GB in use`);
}

/** Characters that are made between two looks. */
const CHARACTERS_A_LOOK = 1 << 25;

/** What is told of each cell that is made: texts that others grow into are looked after while they do. */
export function textsMade(): (cell: unknown) => void {
  let characters = 0;
  return (cell) => {
    if (typeof cell !== "string") return;
    characters += cell.length;
    if (characters < CHARACTERS_A_LOOK) return;
    characters = 0;
    requireRoom(() => "the texts that are made here");
  };
}

interface Room {
  readonly used: () => number;
  readonly limit: number;
  readonly free: () => void;
}

function room(): Room {
  return { used: () => getHeapStatistics().used_heap_size, limit: getHeapStatistics().heap_size_limit, free: () => freeGarbage() };
}

function freeGarbage(): void {
  if (collect === null) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}

/** What V8 says where a text, a list or a buffer would be longer than it can hold, in words of the user; null for every other error. */
export function heldError(error: unknown): DataError | null {
  if (!(error instanceof Error)) return null;
  const code = "code" in error ? error.code : null;
  if (code === "ERR_STRING_TOO_LONG" || /^Invalid string length$|^Cannot create a string longer/.test(error.message)) return tooLarge("a text would be longer than the 536 million characters that saeq can hold", "keep the cells shorter: `replace` and + make them longer");
  const array = error instanceof RangeError && /^Invalid (?:typed )?array length|^Array buffer allocation failed$|^(?:Map|Set) maximum size exceeded$|^Invalid array buffer length/.test(error.message);
  if (array || code === "ERR_BUFFER_TOO_LARGE") return tooLarge("a table or a column would be larger than saeq can hold");
  return null;
}

function tooLarge(message: string, help = HELP): DataError {
  return new DataError({ code: "too-large-to-hold", message, help });
}
