/** Without this file a stale lock would be refused without a word about what is stale. */
import { visible } from "../../grammar/visible.ts";
import { shellWord } from "../../runtime/data/shell_word.ts";
import { paramFlag } from "../flags.ts";
import { isChange, type LockDifference } from "../../runtime/lock/differences.ts";
import { LOCK_NAME } from "../../runtime/lock/lock_file.ts";
import { paint } from "../terminal.ts";
import { mistake, type Shop } from "./shop.ts";

const MOST_LINES = 6;

/** Say what a lock says otherwise than the disk, as a diff: `-` is locked, `+` is there now. */
export function sayDifferences(script: string, differences: readonly LockDifference[], shop: Shop): void {
  mistake(shop, `${visible(script)} does not read what ${LOCK_NAME} says`);
  const color = shop.talkLook.color;
  for (const { kind, name, locked, found } of differences) {
    const lines = [
      ...cut(locked.length === 0 ? [] : locked).map((line) => paint("error", `  - ${visible(line)}`, color)),
      ...(locked.length === 0 ? [paint("error", "  - not in the lock", color)] : []),
      ...cut(found).map((line) => paint("good", `  + ${visible(line)}`, color)),
      ...(found.length === 0 ? [paint("good", "  + not read any more", color)] : []),
    ];
    shop.stderr.write(`${kind} ${visible(name)}\n${lines.join("\n")}\n`);
  }
}

/** The command that accepts what was found: `saeq lock --update=data x.saeq --n 3`. */
export function fixingCommand(file: string, differences: readonly LockDifference[], params: Readonly<Record<string, string>>): string {
  const kinds = [...new Set(differences.filter(isChange).map(({ kind }) => kind))];
  const update = kinds.length === 0 ? "" : kinds.length === 1 ? ` --update=${kinds[0]}` : " --update";
  const given = Object.entries(params).flatMap(([name, value]) => paramFlag(name, value)).map((word) => ` ${shellWord(word)}`);
  return `saeq lock${update} ${shellWord(file)}${given.join("")}`;
}

function cut(lines: readonly string[]): readonly string[] {
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES), `… ${lines.length - MOST_LINES} more lines`];
}
