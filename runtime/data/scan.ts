/** Without this file the catalogue would have to know which files can be scanned and streamed, and how. */
import { stat } from "node:fs/promises";
import type { TableFormat } from "../../src/ops/op.ts";
import { scanCsv, streamCsv } from "./csv_stream.ts";
import type { Table } from "./frame.ts";
import { weighGzip } from "./gunzip.ts";
import { scanJsonl, streamJsonl } from "./jsonl_stream.ts";
import type { Scan } from "./pieces.ts";
import type { TableRequest } from "./read.ts";
import type { ReadCall } from "./source.ts";

/** What a file is scanned and streamed with; its options are those of `readTable`. */
interface Reader {
  readonly scan: (path: string, request: TableRequest, call: ReadCall) => Promise<Scan>;
  readonly stream: (path: string, request: TableRequest, scan: Scan, call: ReadCall) => AsyncGenerator<Table>;
  /** What the rows take in memory, where that is not what the file takes on disk; counted no further than `most`. */
  readonly weigh?: (path: string, request: TableRequest, most: number) => Promise<number>;
}

const READERS: Readonly<Partial<Record<TableFormat, Reader>>> = {
  csv: {
    scan: (path, { separator, types, lenient }, call) => scanCsv(path, { ...call, ...lenient, separator, types }),
    stream: (path, { separator, lenient }, scan, call) => streamCsv(path, { ...call, ...lenient, separator }, scan),
    weigh: (path, _, most) => weighGzip(path, most),
  },
  jsonl: {
    scan: (path, { types, lenient }, call) => scanJsonl(path, { ...call, ...lenient, types }),
    stream: (path, { lenient }, scan, call) => streamJsonl(path, { ...call, ...lenient }, scan),
    weigh: (path, _, most) => weighGzip(path, most),
  },
  parquet: {
    // hyparquet takes a while to load, and few sessions read Parquet.
    scan: async (path, request, call) => (await import("./parquet_stream.ts")).scanParquet(path, { ...call, ...columnsOf(request) }),
    stream: async function* (path, request, scan, call) {
      yield* (await import("./parquet_stream.ts")).streamParquet(path, { ...call, ...columnsOf(request) }, scan);
    },
    weigh: async (path, request) => (await import("./parquet_file.ts")).weighParquet(path, columnsOf(request).columns),
  },
};

function columnsOf({ types }: TableRequest): { readonly columns?: readonly string[] } {
  const columns = Object.keys(types);
  return columns.length === 0 ? {} : { columns };
}

/** The reader of a file that is large enough to be streamed; null for others. Separators that are none are the whole reader's business. */
async function readerOf(path: string, request: TableRequest, from: number): Promise<Reader | null> {
  const reader = READERS[request.format];
  if (reader === undefined || (request.format === "csv" && !/^[\t !#-~]$/.test(request.separator))) return null;
  const size = await stat(path).then((found) => (found.isFile() ? found.size : null), () => null);
  if (size === null) return null;
  return size >= from || ((await reader.weigh?.(path, request, from)) ?? 0) >= from ? reader : null;
}

/** Names, types, rows and digest of a file that takes `from` bytes or more; null for others, which are read whole. Throws DataError. */
export async function scanTable(path: string, request: TableRequest, from: number, call: ReadCall): Promise<Scan | null> {
  const reader = await readerOf(path, request, from);
  return reader === null ? null : reader.scan(path, request, call);
}

/** The rows of a scanned file in tables of bounded size. */
export function streamTable(path: string, request: TableRequest, scan: Scan, call: ReadCall): AsyncGenerator<Table> {
  return READERS[request.format]!.stream(path, request, scan, call);
}
