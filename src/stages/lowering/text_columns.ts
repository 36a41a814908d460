/** Without this file nobody would know which columns of a table are the text that a model reads. */
import type { ColumnSchema } from "../../ops/schema.ts";

/** What data sets call a column of conversations. */
export const CONVERSATIONS: readonly string[] = ["messages", "conversation", "conversations"];

/** Usual names of the first half of a document, in order of preference. */
export const PROMPT_COLUMNS = ["input_text", "prompt"] as const;
/** And of the second. */
export const CONTINUATION_COLUMNS = ["generated_continuation_text", "continuation", "completion"] as const;

/** The columns that make up a document: `text`, or prompt + continuation, or a lone prompt. */
export function textColumns(columns: readonly ColumnSchema[]): readonly string[] | null {
  const has = (name: string): boolean => columns.some((column) => column.name === name && column.type === "str");
  if (has("text")) return ["text"];
  const prompt = PROMPT_COLUMNS.find(has);
  const continuation = CONTINUATION_COLUMNS.find(has);
  if (prompt === undefined) return null;
  return continuation === undefined ? [prompt] : [prompt, continuation];
}
