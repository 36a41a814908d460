/** Without this file results would be loaded with every kind of output, needed or not: one value to text, lazily. */
import { once } from "node:events";
import type { Value } from "../runtime/data/frame.ts";
import { rowCount } from "../runtime/data/row_count.ts";
import type { SessionEvent } from "../runtime/session/session_port.ts";
import { visible, visibleJson } from "../grammar/visible.ts";
import type { Format } from "./request.ts";
import type { View } from "./commands/command.ts";
import type { Look } from "./terminal.ts";

type Result = Extract<SessionEvent, { kind: "result" }>;

/** More than this of one result in a REPL is a mistake: nobody reads it, and `save` writes it. */
const MOST_CHARACTERS = 1_000_000;

/** A result as text, without a line end: header and table or plot for people, or rows as machines read them. */
export async function showResult(event: Result, view: Pick<View, "mode" | "rows" | "wide" | "spoken">, look: Look): Promise<string> {
  if (view.mode !== "table") return rowsText(event.value, view.mode);
  const { renderValue } = await import("./render/value.ts");
  return renderValue(event.value, visible(event.header), {
    width: look.width,
    color: look.color,
    ascii: look.ascii,
    window: look.tty,
    rows: event.display.rows ?? view.rows,
    wide: event.display.wide || view.wide,
    spoken: view.spoken === true,
    ...precisionOf(event),
  });
}

/** Write the rows of a value to a stream; no value has no rows. */
export async function showRows(value: Value | null, format: Exclude<Format, "table">, stream: NodeJS.WritableStream, options: { readonly raw?: boolean } = {}): Promise<void> {
  if (value === null) {
    if (format === "json") stream.write("[]\n");
    return;
  }
  const { formatRows } = await import("../runtime/data/write.ts");
  const terminal = "isTTY" in stream && stream.isTTY === true;
  for (const piece of formatRows(value, format, options)) if (!stream.write(harmless(piece, format, terminal))) await once(stream, "drain");
}

/** Rows that cannot harm a terminal. JSON means the same when it is escaped; other formats are left as they are for programs. */
function harmless(text: string, format: Exclude<Format, "table">, terminal: boolean): string {
  if (format === "json" || format === "jsonl") return visibleJson(text);
  if (!terminal) return text;
  return format === "csv" ? visible(text, { keepNewlines: true }) : text.split("\t").map((part) => visible(part, { keepNewlines: true })).join("\t");
}

async function rowsText(value: Value, mode: Exclude<Format, "table">): Promise<string> {
  const { formatRows } = await import("../runtime/data/write.ts");
  let text = "";
  for (const piece of formatRows(value, mode)) {
    text += piece;
    if (text.length > MOST_CHARACTERS) return `${harmless(text.slice(0, MOST_CHARACTERS), mode, true)}\nnote: cut here; \`save\` writes the whole`;
  }
  return harmless(text, mode, true).replace(/\n+$/, "");
}

/** Rows of a result that a pager is given: more is a file's business. */
const MOST_PAGED = 100_000;

/** Whether a result has more rows than two screens show. */
export function isLong(value: Value, look: Look): boolean {
  return look.height !== undefined && rowsOf(value) > 2 * look.height;
}

/** A result with all rows and columns, for a pager that scrolls sideways too. */
export async function showWhole(event: Result, look: Look): Promise<string> {
  const { renderValue } = await import("./render/value.ts");
  return renderValue(event.value, visible(event.header), { width: look.width, color: look.color, ascii: look.ascii, rows: MOST_PAGED, wide: true, ...precisionOf(event) });
}

function precisionOf({ display: { precision } }: Result): { readonly precision?: number } {
  return precision === undefined ? {} : { precision };
}

/** Lines of a text count as rows; figures of activations are shown as a few lines. */
function rowsOf(value: Value): number {
  if (value.kind === "text") return value.text.split("\n").length;
  return value.kind === "reduced" ? 0 : (rowCount(value) ?? 0);
}
