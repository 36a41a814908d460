/** Without this file the tables of one session would be read for each line that names them, or be answered from a file that has changed since. */
import { basename, isAbsolute, join, resolve } from "node:path";
import type { Need } from "../../src/check/scope.ts";
import type { Op } from "../../src/ops/op.ts";
import type { ColumnSchema } from "../../src/ops/schema.ts";
import type { TableFacts } from "../../src/stages/stage.ts";
import { DataError } from "../data/error.ts";
import { fewValues } from "../data/few_values.ts";
import { fileStamp } from "../data/file_stamp.ts";
import type { Table } from "../data/frame.ts";
import type { Scan } from "../data/pieces.ts";
import { readTable } from "../data/read.ts";
import { scanTable, streamTable } from "../data/scan.ts";
import type { ReadCall } from "../data/source.ts";
import type { HubCall } from "../hub/hub.ts";
import { EXAMPLES, STANDARD_PREFIX } from "./shipped.ts";

type TableNeed = Need & { readonly kind: "table" };
type Read = Op & { readonly op: "read" };

/** Tables by the words that name them; each is read, or scanned, once and kept while its file stays the same. */
export interface CatalogTables {
  /** Names, types and digest of a table: of a large one without holding it. */
  facts(need: TableNeed, call: HubCall): Promise<TableFacts>;
  /** @throws DataError `input-changed` where the file is not the one that was checked */
  table(op: Read): Promise<Table>;
  /** A large file in pieces, and how many rows it has; null for others, which are held. */
  stream(op: Read, call: ReadCall): { readonly pieces: AsyncGenerator<Table>; readonly rows: number } | null;
  /** What readers had to say since last asked. */
  takeNotes(): readonly string[];
  /** The next look-up sees what changed on disk. */
  forget(): void;
}

interface KeptScan {
  readonly scan: Scan;
  /** Of its file before it was scanned, as with tables. */
  readonly stamp: string | null;
}

interface KeptTable {
  readonly table: Table;
  readonly digest: string;
  readonly notes: readonly string[];
  /** Of its file when it was read; null where that says nothing. */
  readonly stamp: string | null;
}

/** Paths are relative to `readFrom`; files of `streamBytes` and more are scanned when they are checked and streamed when they are run. */
export function createCatalogTables(readFrom: string, streamBytes: number): CatalogTables {
  const scans = new Map<string, KeptScan>();
  const tables = new Map<string, KeptTable>();
  /** Tables and scans of the source before: taken again where their files are as they were. */
  let before: { readonly tables: ReadonlyMap<string, KeptTable>; readonly scans: ReadonlyMap<string, KeptScan> } = { tables: new Map(), scans: new Map() };
  let notes: string[] = [];
  const keyOf = (need: { readonly path: string; readonly separator: string; readonly types: object; readonly format: string; readonly lenient?: object }): string =>
    JSON.stringify([need.path, need.separator, need.types, need.format, need.lenient]);

  async function load(need: TableNeed): Promise<KeptTable> {
    const known = tables.get(keyOf(need));
    if (known !== undefined) return known;
    const path = tablePath(need.path, readFrom);
    const stamp = await fileStamp(path);
    const last = before.tables.get(keyOf(need));
    const kept = stamp !== null && last?.stamp === stamp ? last : { ...(await readTable(path, need)), stamp };
    tables.set(keyOf(need), kept);
    notes.push(...kept.notes.map((note) => `${need.path}: ${note}`));
    return kept;
  }

  /** Null for a file that is held. */
  async function scanned(need: TableNeed, call: HubCall): Promise<Scan | null> {
    const known = scans.get(keyOf(need));
    if (known !== undefined) return known.scan;
    const path = tablePath(need.path, readFrom);
    const stamp = await fileStamp(path);
    const last = before.scans.get(keyOf(need));
    const scan = stamp !== null && last?.stamp === stamp ? last.scan : await scanTable(path, need, streamBytes, watched(`scan ${basename(need.path)}`, call));
    if (scan === null) return null;
    scans.set(keyOf(need), { scan, stamp });
    notes.push(...scan.notes.map((note) => `${need.path}: ${note}`));
    return scan;
  }

  return {
    facts: async (need, call) => {
      const facts = (columns: readonly ColumnSchema[], rows: number, digest: string): TableFacts => ({ schema: { kind: "table", columns: columns.map(({ name, type }) => ({ name, type })), groups: null, known: true }, rows, digest });
      const scan = await scanned(need, call);
      if (scan === null) {
        const { table, digest } = await load(need);
        return { ...facts(table.columns, table.rows, digest), values: fewValues(table) };
      }
      return facts(scan.columns, scan.rows, scan.digest);
    },
    table: async (op) => {
      const { table, digest } = await load({ kind: "table", path: op.path, separator: op.separator, types: op.types, format: op.format, ...(op.lenient === undefined ? {} : { lenient: op.lenient }) });
      if (digest !== op.digest) throw new DataError({ code: "input-changed", message: `\`${op.path}\` changed after it was checked`, notes: ["the line that reads it is run again"], help: `${op.format} ${JSON.stringify(op.path)}` });
      return table;
    },
    stream: (op, call) => {
      const scan = scans.get(keyOf(op))?.scan;
      if (scan === undefined || scan.digest !== op.digest || tables.has(keyOf(op))) return null;
      return { pieces: streamTable(tablePath(op.path, readFrom), op, scan, call), rows: scan.rows };
    },
    takeNotes: () => {
      const taken = notes;
      notes = [];
      return taken;
    },
    forget: () => {
      before = { tables: new Map(tables), scans: new Map(scans) };
      tables.clear();
      notes = [];
      scans.clear();
    },
  };
}

/** Bytes of a file that is read for long as progress of one file. */
function watched(label: string, { signal, onProgress }: HubCall): ReadCall {
  return { signal, onBytes: (bytes, totalBytes) => onProgress(label, { files: bytes >= totalBytes ? 1 : 0, totalFiles: 1, bytes, totalBytes }) };
}

/** The absolute path behind a name in a script. */
export function tablePath(path: string, readFrom: string): string {
  return path.startsWith(STANDARD_PREFIX) ? shippedPath(path.slice(STANDARD_PREFIX.length)) : isAbsolute(path) ? path : resolve(readFrom, path);
}

/** What ships lies below one folder; a name that leads out of it is of no file, whatever is there. */
function shippedPath(name: string): string {
  const path = join(EXAMPLES, name);
  return path.startsWith(EXAMPLES) ? path : join(EXAMPLES, "nothing that ships");
}
