/** Without this file mistakes in data and on disk would have no pages. */
import type { CodePage } from "./codes.ts";

/** A page of a code that no query alone can cause. */
const outside = (summary: string, why: string, mend: string): CodePage => ({ summary, why, mend, query: null, mended: null });
/** A page of a code that a query causes with a file beside it. */
const beside = (summary: string, why: string, mend: string, content: string, query = 'csv "x.csv"', mended: string | null = null): CodePage => ({ summary, why, mend, query, mended, files: { "x.csv": content } });

/** Codes of data files, of rows met while running, and of writing. */
export const FILE_CODES: Readonly<Record<string, CodePage>> = {
  "missing-file": { summary: "There is no such file", why: "Paths are relative to the script; in the REPL and in `eval`, to the current folder", mend: "Check the name; near names are listed", query: 'csv "nowhere.csv"', mended: null },
  "not-a-file": outside("The path names a folder or a device", "Data is read from and written to ordinary files", "Name a file"),
  "not-readable": outside("The file may not be read by this user", "The system refuses it", "Change its permissions, or copy it"),
  "not-text": beside("The file holds bytes that are not text", "A binary file would be read as nonsense", "Unpack it, or save it as CSV", "PK\u0003\u0004\u0000\u0000\u0000\u0000"),
  "not-utf8": outside("The file is not UTF-8", "Another encoding would change characters in silence", "Save it as UTF-8, or put `encoding latin1` behind the file name"),
  "utf-16": outside("The file is UTF-16", "It is what some spreadsheets write as Unicode text", "Save it as CSV UTF-8, or put `encoding utf16` behind the file name"),
  "empty-file": beside("The file is empty", "Without a header there are no columns", "Write it again", ""),
  "changed-while-read": outside("The file changed while it was read, or weights since a session read them", "Half of it would be old and half new", "Run again, in a new session, when nothing writes to it"),
  "input-changed": outside("The file changed between the check and the run", "The plan was made for the old content", "Run again"),
  "not-a-record": outside("The file is no record of a run", "`saeq verify` compares with what `saeq run --record` wrote, and with nothing else", "Name the record, or make one with saeq run --record"),
  "broken-lock": outside("saeq.lock is not as saeq writes it", "A lock that is half of two, or edited by hand, locks nothing", "Take it from your version control, or delete it and run saeq lock"),
  "broken-bundle": outside("The archive is no bundle that can be unpacked", "It is cut or damaged, or holds names, links or sizes that could harm the disk", "Ask for it again"),
  "cannot-bundle": outside("What the script needs or gave cannot be put into one archive", "A bundle that lacks a file, holds outputs of other inputs or is too large would not run elsewhere", "Do what the message says: run it again with --record, bring files into the folder of the script, or leave the largest out with --data-limit, or without --with-models"),
  "too-large": outside("The script or module is larger than saeq reads", "Most often it is not a script", "Name the script"),
  "bad-separator": beside("The separator is not one plain character", "Cells are separated by one ASCII character other than a quote", 'Write sep ";" or sep "\\t"', "a,b\n1,2\n", 'csv "x.csv" sep ",,"', 'csv "x.csv" sep ","'),
  "bad-quote": beside("Text follows the closing quote of a cell", "Where the cell ends would be a guess", "Double the quotes inside, and put quotes around the cell", 'a,b\n"1"2,3\n'),
  "unclosed-quote": beside("A quoted cell never ends", "Everything behind it would be one cell", "Close the quote", 'a,b\n"1,2\n'),
  "ragged-row": beside("A row has more or fewer cells than the header", "Cells would stand in the wrong columns", "Mend the row that the message names, or put `ragged pad` or `ragged skip` behind the file name", "a,b\n1,2\n3\n"),
  "duplicate-column": beside("Two columns have the same name", "A name must mean one column", "Rename one in the file", "a,a\n1,2\n"),
  "nul-byte": beside("The file holds a zero byte", "It is binary, or was cut while it was copied", "Copy or export it again, or put `nul drop` behind the file name", "a,b\n1,\u00002\n"),
  "field-too-large": outside("A cell is larger than saeq reads", "Most often a quote that never closes", "Look at the row that the message names"),
  "row-too-large": outside("A row is larger than saeq reads", "Most often a file without line ends, or not a table", "Look at the row that the message names"),
  "too-many-columns": outside("The table has more columns than saeq reads", "Most often the wrong separator or a transposed table", "Check the separator"),
  "type-mismatch": beside("A cell is not of the type that was asked for", "The type was given, so nothing else is tried", "Mend the cell, or do not give the type", "a,b\n1,x\n", 'csv "x.csv" types {b: int}', 'csv "x.csv" types {b: str}'),
  "bad-json": { ...beside("The file is neither JSON objects, one to a line, nor a list of them", "Each object is one row", "Mend the place that the message names", "", 'jsonl "x.jsonl"'), files: { "x.jsonl": "{\"a\": 1}\n[2]\n" } },
  "nested-value": { ...beside("A cell holds a list or an object", "A cell holds one value", "Flatten it, or leave such columns out with `nested drop`", "", 'jsonl "x.jsonl"'), files: { "x.jsonl": "{\"a\": [1, 2]}\n" } },
  "not-parquet": { ...beside("The file cannot be read as Parquet", "Its beginning, its end or its pages are not as the format says", "Write it again, or read it as what it is", "", 'parquet "x.parquet"'), files: { "x.parquet": "a,b\n1,2\n3,4\n" } },
  "nested-column": outside("A column of a Parquet file holds lists or records", "A cell holds one value", "Select other columns, or flatten it"),
  "unreadable-column": outside("A column of a Parquet file is of a type that saeq does not read", "No value is converted to something near", "Select other columns, or write it as another type"),
  "too-large-to-hold": outside("A table, a column or a text in the making is larger than saeq can hold", "Stages such as `sort`, `describe` and `count by` hold rows or different values in memory; one text has 536 million characters at most", "Keep fewer rows or columns first, or shorter cells; `where`, `select`, `derive`, `take` and `save` go through a file of any size"),
  "too-many-groups": outside("A column has more values than there can be groups", "Every group is computed and shown by itself", "Count by it first, and keep fewer"),
  "too-many-rows": outside("A join would have more rows than saeq holds, or a plot more than can be seen", "Where the key of a join repeats in both tables every pair is a row; a plot of so many marks is a smear", "Make the key unique in one of the tables; draw a sample, or count first"),
  "different-columns": outside("Tables put below one another have different columns", "A missing column would be filled with something nobody measured", "Select the same columns first"),
  "bad-argument": { summary: "A function is given a number outside its limits", why: "The result would mean nothing", mend: "Choose one within the limits", query: "memorization | derive x = round(matching_tokens / 3, 99) | take 1", mended: "memorization | derive x = round(matching_tokens / 3, 2) | take 1" },
  "assertion-failed": { summary: "What the script takes for granted does not hold", why: "`assert` stops a script before it says something wrong", mend: "Look at the values that the message prints", query: "assert count(perfect) < 10", mended: "assert count(perfect) >= 10" },
  "missing-text": beside("A row has no text for the model", "A row that is skipped in silence changes every statistic", "Leave such rows out with `where`", "text,n\nIn the beginning,1\n,2\n", 'csv "x.csv" | acts layer 7 | top 3', 'csv "x.csv" | where not is_null(text) and len(text) > 0 | acts layer 7 | top 3'),
  "text-too-long": { summary: "A text does not fit the model's context", why: "Tokens are never dropped in silence", mend: "Cut it into pieces that fit, `… | chunk 512 | …`, or leave out what lies behind them, `set long truncate`", query: "perfect | take 1 | text input_text | memorize prefix 5000 continue 5000", mended: null },
  "text-too-short": { summary: "A text has fewer tokens than are asked for", why: "What it does not have cannot be compared", mend: "Ask for fewer, or leave short texts out", query: 'prompts "In the beginning" | memorize prefix 5 continue 5', mended: 'prompts "In the beginning God created the heaven and the earth" | memorize prefix 3 continue 3' },
  "not-one-token": { summary: "A text whose prediction is asked for is not one token", why: "The model predicts tokens; of a text that is several, the first alone would be told, and many texts begin with it", mend: "Name a text that is one token, with its blank before it, or its id", query: 'prompts "And God said, Let there be" | logits of " lights and"', mended: 'prompts "And God said, Let there be" | logits of " light"' },
  "missing-folder": { summary: "The folder to write to does not exist", why: "A mistyped path would make folders nobody looks into", mend: "Make the folder, or use --out", query: 'perfect | take 1 | save "nowhere/x.csv"', mended: 'perfect | take 1 | save "x.csv"' },
  "overwrites-input": beside("A file that is read would be overwritten", "The next run would read what this one wrote, and what was there is gone", "Save under another name", "a,b\n1,2\n", 'csv "x.csv" | take 1 | save "x.csv"', 'csv "x.csv" | take 1 | save "x_2.csv"'),
  "saved-twice": { summary: "Two values are saved under one name", why: "Only the second would stay", mend: "Save one of them under another name", query: 'perfect | take 1 | save "x.csv"\nperfect | take 2 | save "x.csv"', mended: 'perfect | take 1 | save "x.csv"\nperfect | take 2 | save "x_2.csv"' },
  "not-writable": outside("The file or folder may not be written by this user", "The system refuses it", "Choose another folder with --out"),
  "disk-full": outside("The disk is full", "A file that is half written would look whole; nothing was replaced", "Make room and run again"),
  "write-failed": outside("The system could not write the file", "What was there before is kept", "Look at the reason in the message"),
  "cancelled": outside("The run was stopped by the user", "Ctrl-C ends it after the batch that is running", "Run again: it goes on from there"),
  "internal-error": outside("saeq itself made a mistake", "Mistakes of users have codes of their own", "Report it, with the output of `saeq doctor`"),
};
