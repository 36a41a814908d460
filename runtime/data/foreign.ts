/** Without this file what people hand over in place of a table would be told as bytes that are wrong, and not as what it is. */
import { shellWord } from "./shell_word.ts";

/** What a file is, as it goes on behind its name, and the line that makes a table of it. */
export interface Foreign {
  readonly is: string;
  readonly help: string;
}

/** Names of text that is read also where it is packed. */
const TEXT_NAMES = /\.(?:csv|tsv|jsonl|ndjson|json)\.gz$/i;

/** A shell line that has pandas write the table as Parquet, which keeps its types. */
const withPandas = (path: string, reader: string): string => `python3 -c ${shellWord(`import pandas; pandas.read_${reader}(${JSON.stringify(path)}).to_parquet(${JSON.stringify(called(path))})`)}`;

/** A sheet has no types to keep. */
const spreadsheet = (path: string): string => `python3 -c ${shellWord(`import pandas; pandas.read_excel(${JSON.stringify(path)}).to_csv(${JSON.stringify(called(path, ".csv"))}, index=False)`)}`;

/** The name of a file with another ending. */
const called = (path: string, ending = ".parquet"): string => path.replace(/(?:\.[A-Za-z0-9]+)?$/, ending);

/** Files of other programs by their first bytes (in Latin-1), as the formats define them. */
const BEGINNINGS: readonly (readonly [begins: RegExp, is: string, help: (path: string) => string])[] = [
  [/^version https:\/\/git-lfs\.github\.com\/spec\//, "is a Git LFS pointer, not the data", () => "git lfs pull"],
  [/^(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html)/i, "is an HTML page, perhaps an error page saved by a download", () => "download the raw file again"],
  [/^[^]{257}ustar/, "is a tar archive, which holds files", (path) => `tar -xf ${shellWord(path)}`],
  [/^PK\x03\x04[^]*(?:\[Content_Types\]\.xml|_rels\/|xl\/)/, "is a spreadsheet", spreadsheet],
  [/^PK\x03\x04[^]{26}[^/]*\.npy/, "holds arrays of numpy", (path) => `python3 -c ${shellWord(`import numpy; print(dict(numpy.load(${JSON.stringify(path)})))`)}`],
  [/^PK\x03\x04[^]{26}[^/]*\/(?:data\.pkl|\.format_version|\.data\/)/, "holds tensors of PyTorch", (path) => `python3 -c ${shellWord(`import torch; print(torch.load(${JSON.stringify(path)}, weights_only=True))`)}`],
  [/^PK\x03\x04/, "is a zip archive, which holds files", (path) => `unzip ${shellWord(path)}`],
  [/^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/, "is a spreadsheet of the old kind", spreadsheet],
  [/^\x1f\x8b/, "is packed with gzip", (path) => (TEXT_NAMES.test(path) ? readAs(path, "") : `gunzip --keep ${shellWord(path)}`)],
  [/^BZh\d1AY&SY/, "is packed with bzip2, and only gzip is unpacked here", (path) => `bunzip2 --keep ${shellWord(path)}`],
  [/^\xfd7zXZ\0/, "is packed with xz, and only gzip is unpacked here", (path) => `unxz --keep ${shellWord(path)}`],
  [/^\x28\xb5\x2f\xfd/, "is packed with Zstandard, and only gzip is unpacked here", (path) => `unzstd --keep ${shellWord(path)}`],
  [/^ARROW1\0\0/, "is an Arrow (Feather) file", (path) => withPandas(path, "feather")],
  [/^\xff\xff\xff\xff[^]{2}\0\0/, "is a stream of Arrow, as datasets keeps them", (path) => `python3 -c ${shellWord(`from datasets import Dataset; Dataset.from_file(${JSON.stringify(path)}).to_parquet(${JSON.stringify(called(path))})`)}`],
  [/^\x80[\x02-\x05](?:\x95|c|\}|\])/, "is a pickle of Python, which may run any program when it is opened: read one only of somebody whom you trust", (path) => withPandas(path, "pickle")],
  [/^\x93NUMPY/, "is an array of numpy", (path) => `python3 -c ${shellWord(`import numpy, pandas; pandas.DataFrame(numpy.load(${JSON.stringify(path)})).to_csv(${JSON.stringify(called(path, ".csv"))}, index=False)`)}`],
  [/^\x89HDF\r\n\x1a\n/, "is an HDF5 file", (path) => withPandas(path, "hdf")],
  [/^ORC[^]*\0/, "is an ORC file", (path) => withPandas(path, "orc")],
  [/^(?:<stata_dta>|[\x69-\x77][\x01\x02]\x01\0)/, "is a file of Stata", (path) => withPandas(path, "stata")],
  [/^SQLite format 3\0/, "is a database of SQLite", (path) => `sqlite3 -header -csv ${shellWord(path)} 'select * from t' > t.csv`],
  [/^%PDF-/, "is a PDF", (path) => `pdftotext ${shellWord(path)}`],
];

/** What a file that begins with these bytes is, where it is none that is read here; Parquet is told by who does not read it. Null where nothing is known of it. */
export function foreignOf(path: string, head: Buffer): Foreign | null {
  const start = head.subarray(0, 512).toString("latin1");
  const found = BEGINNINGS.find(([begins]) => begins.test(start));
  return found === undefined ? null : { is: found[1], help: found[2](path) };
}

/** The query that reads text as what it looks like: JSON, as its name or its first sign says, or cells. */
export function readAs(path: string, head: string): string {
  const json = /\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(path) || /^\s*[[{]/.test(head);
  return `${json ? "jsonl" : "csv"} ${JSON.stringify(path)}`;
}

/** Whether a header of CSV is the beginning of JSON: an object with a key in quotes, or a bracket alone. */
export function beginsJson(header: string): boolean {
  return /^\s*(?:\[\s*)?\{\s*"(?:[^"\\]|\\.)*"\s*:/.test(header) || /^\s*(?:\[\s*)?[[{]\s*$/.test(header);
}

/** What was meant by a file of JSON whose first line holds none, by the ending of its name; null where that says nothing. */
export function meantOf(path: string): { readonly note: string; readonly help: string } | null {
  const ending = /\.(csv|tsv|txt|md|log)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  if (ending === undefined) return null;
  const stage = ending === "csv" || ending === "tsv" ? "csv" : "text";
  return { note: `the file is named as ${stage === "csv" ? "cells between separators, which `csv` reads" : "plain text, of which `text` reads a text from each line"}`, help: `${stage} ${JSON.stringify(path)}` };
}
