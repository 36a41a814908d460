/** Without this file a session of a whole afternoon could fill the memory: two hours of commands, and what they leave behind. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, FAKE, live, startSaeq } from "./saeq.ts";
import type { Terminal } from "./terminal.ts";

test.after(closeAll);
/** A command every 3.6 seconds is two hours; the real session answers fewer in tests that are run often. */
const COMMANDS = 2_000;
const REAL_COMMANDS = Number(process.env["REAL_COMMANDS"] ?? 300);
const BATCH = 100;
const MB = 1 << 20;

/** Memory that the system cannot take back, in bytes. */
function anonymous(pid: number): number {
  return 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** Send commands as pastes with Enter behind, in batches; memory after each batch. */
async function session(repl: Terminal, count: number, command: (i: number) => string): Promise<number[]> {
  const memory: number[] = [];
  await repl.until("saeq›");
  for (let from = 0; from < count; from += BATCH) {
    const commands = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => command(from + i));
    for (const one of commands) repl.type(`\x1b[200~${one}\x1b[201~\r`);
    const last = commands.at(-1)!;
    await repl.until((screen) => screen.some((row) => row === `saeq› ${last}`) && live(screen)[0] === "saeq›" && !screen.some((row) => row.startsWith("next: ") || row.startsWith("running")), last);
    memory.push(anonymous(repl.pid));
  }
  return memory;
}

/** The garbage of a young heap is no leak: growth is counted from the second quarter on. */
function growth(memory: readonly number[]): number {
  const quarter = Math.max(1, Math.floor(memory.length / 4));
  return Math.min(...memory.slice(-quarter)) - Math.max(...memory.slice(quarter, 2 * quarter));
}

test(`${COMMANDS} commands over the prompt, its history, its screen and its journal: memory stays`, async () => {
  const repl = startSaeq(ownFolder(), { program: FAKE });
  const memory = await session(repl, COMMANDS, (i) => (i % 50 === 7 ? `.rows ${i + 1}` : i % 50 === 13 ? "actz" : `sample ${i} # the ${i}th`));
  assert.ok(growth(memory) < 30 * MB, memory.map((each) => (each / MB).toFixed(0)).join(" "));
  assert.is(repl.bytes().split("\x1b[3J").length, 1);
});

test(`${REAL_COMMANDS} commands over the real session: memory stays`, async () => {
  const repl = startSaeq(ownFolder(), { args: ["--seed", "1"] });
  const memory = await session(repl, REAL_COMMANDS, (i) => `sample perfect 5 draw ${i} | where matching_tokens > ${i % 40} | count`);
  assert.ok(growth(memory) < 60 * MB, memory.map((each) => (each / MB).toFixed(0)).join(" "));
});

test.run();
