/** Without this file dot commands, and what stands behind them, would have to be known by heart. */
import type { CheckpointAtHand } from "../runtime/catalog/checkpoints_at_hand.ts";
import type { Completion, CompletionItem } from "../runtime/session/session_port.ts";
import type { Command } from "./commands/command.ts";
import { completeFiles } from "./complete_files.ts";

/** Completions of a text that starts with a dot. `listing`: folders may be read. */
export function completeCommand(text: string, offset: number, commands: readonly Command[], at: { readonly cwd: string; readonly checkpoints: readonly CheckpointAtHand[]; readonly listing: boolean }): Completion {
  const [, name = "", gap, argument = ""] = /^\s*(\.\w*)(\s+)?([^]*)$/.exec(text.slice(0, offset)) ?? [];
  if (gap === undefined) {
    const items = commands.filter((one) => one.name.startsWith(name)).map((one): CompletionItem => ({ text: one.name, detail: one.doc, kind: "statement" }));
    return { from: offset - name.length, to: offset, items, signature: null };
  }
  const command = commands.find((one) => one.name === name);
  const word = argument.replace(/^["']/, "");
  const items = command?.argument === undefined ? [] : argumentItems(command.argument, word, at);
  return { from: offset - word.length, to: offset, items, signature: command === undefined ? null : `${command.usage}  ${command.doc}` };
}

function argumentItems(argument: NonNullable<Command["argument"]>, word: string, at: Parameters<typeof completeCommand>[3]): readonly CompletionItem[] {
  if ("files" in argument) return at.listing ? completeFiles(word, argument.files, at.cwd) : [];
  if ("words" in argument) return argument.words.filter((one) => one.startsWith(word)).map((text) => ({ text, detail: "", kind: "value" }));
  return at.checkpoints.filter(({ kind, name }) => kind === argument.checkpoints && name.startsWith(word)).map(({ name, place }) => ({ text: name, detail: place, kind: "value" }));
}
