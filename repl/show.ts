/** Without this file results would be loaded with every kind of output, needed or not: one value to text, lazily. */
import { once } from "node:events";
import type { Value } from "../runtime/data/frame.ts";
import type { SessionEvent } from "../runtime/session_port.ts";
import { visible } from "../grammar/visible.ts";
import type { Format } from "./arguments.ts";
import type { View } from "./commands/command.ts";
import type { Look } from "./terminal.ts";

type Result = Extract<SessionEvent, { kind: "result" }>;

/** More than this of one result in a REPL is a mistake: nobody reads it, and `save` writes it. */
const MOST_CHARACTERS = 1_000_000;

/** A result as text, without a line end: header and table or plot for people, or rows as machines read them. */
export async function showResult(event: Result, view: Pick<View, "mode" | "rows" | "wide">, look: Look, settings: Readonly<Record<string, string>>): Promise<string> {
  if (view.mode !== "table") return rowsText(event.value, view.mode);
  const { renderValue } = await import("./render/value.ts");
  const precision = Number(settings["precision"]);
  return renderValue(event.value, visible(event.header), {
    width: look.width,
    color: look.color,
    ascii: look.ascii,
    rows: event.display.rows ?? view.rows,
    wide: event.display.wide || view.wide,
    ...(precision > 0 ? { precision } : {}),
  });
}

/** Write the rows of a value to a stream; no value has no rows. */
export async function showRows(value: Value | null, format: Exclude<Format, "table">, stream: NodeJS.WritableStream): Promise<void> {
  if (value === null) {
    if (format === "json") stream.write("[]\n");
    return;
  }
  const { formatRows } = await import("../runtime/data/write.ts");
  for (const piece of formatRows(value, format)) if (!stream.write(piece)) await once(stream, "drain");
}

async function rowsText(value: Value, format: Exclude<Format, "table">): Promise<string> {
  const { formatRows } = await import("../runtime/data/write.ts");
  let text = "";
  for (const piece of formatRows(value, format)) {
    text += piece;
    if (text.length > MOST_CHARACTERS) return `${visible(text.slice(0, MOST_CHARACTERS), { keepNewlines: true })}\nnote: cut here; \`save\` writes the whole`;
  }
  return visible(text, { keepNewlines: true }).replace(/\n+$/, "");
}
