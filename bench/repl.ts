/** Without this file nobody would know whether the prompt comes and answers at once: `node bench/repl.ts` prints medians beside other prompts in the same run. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ownFolder } from "../test/house/own_folder.ts";
import { live, startProgram, startSaeq } from "../test/terminal/saeq.ts";
import type { Terminal } from "../test/terminal/terminal.ts";
import { median } from "./median.ts";
import { published } from "./published.ts";

const ROUNDS = Number(process.argv[process.argv.indexOf("--rounds") + 1] ?? 9) || 9;
const KEYS = 40;
const FRAME = "\x1b[?2026h";

const folder = ownFolder();
mkdirSync(join(folder, "saeq"));
writeFileSync(join(folder, "saeq/history.jsonl"), Array.from({ length: 10_000 }, (_, i) => `${JSON.stringify({ text: `sample perfect ${i} | where matching_tokens > ${i} | top ${i}`, time: i, cwd: "/", ok: true, ms: 1 })}\n`).join(""));

const program = await published(ownFolder());

interface Prompt {
  readonly name: string;
  readonly start: () => Terminal;
  readonly prompt: RegExp;
}
const prompts: readonly Prompt[] = [
  { name: "saeq as published", start: () => startSaeq(folder, { rows: 40, program }), prompt: /^saeq›/m },
  { name: "saeq from its sources", start: () => startSaeq(folder, { rows: 40 }), prompt: /^saeq›/m },
  { name: "node, its own REPL", start: () => startProgram(folder, process.execPath, [], { rows: 40 }), prompt: /^>/m },
  { name: "python3 -i -q", start: () => startProgram(folder, "python3", ["-i", "-q"], { rows: 40 }), prompt: /^>>>/m },
  { name: "ipython", start: () => startProgram(folder, "ipython", ["--no-banner", "--no-confirm-exit"], { rows: 40 }), prompt: /^In \[1\]/m },
];

/** Milliseconds from starting a program to its prompt on the screen; null where there is no such program. */
async function startTime({ start, prompt }: Prompt): Promise<number | null> {
  const began = performance.now();
  const terminal = start();
  try {
    await terminal.until(prompt);
    const ms = performance.now() - began;
    // Left as people leave it: what a start keeps for the next one is written at the end.
    terminal.type("\x04");
    await Promise.race([terminal.exit, new Promise((done) => setTimeout(done, 2000))]);
    return ms;
  } catch {
    return null;
  } finally {
    await terminal.close();
  }
}

/** Milliseconds, frames and bytes from a key to the screen that shows it. */
async function keyCosts(terminal: Terminal, before: string): Promise<{ ms: number; frames: number; bytes: number }[]> {
  const costs: { ms: number; frames: number; bytes: number }[] = [];
  let typed = before;
  for (let i = 0; i < KEYS; i++) {
    const letter = "abcdefgh"[i % 8]!;
    typed += letter;
    const from = terminal.bytes().length;
    const began = performance.now();
    terminal.type(letter);
    await terminal.until((screen) => screen.some((row) => row.includes(typed)));
    const ms = performance.now() - began;
    const written = terminal.bytes().slice(from);
    costs.push({ ms, frames: written.split(FRAME).length - 1, bytes: Buffer.byteLength(written) });
    // A person's next key comes later than the frame of this one.
    await new Promise((done) => setTimeout(done, 80));
  }
  return costs;
}

const print = (cells: readonly string[]): void => console.log(`| ${cells.join(" | ")} |`);
const times = new Map<string, number[]>(prompts.map(({ name }) => [name, []]));
// Interleaved, so that a disturbance meets all of them.
for (let round = 0; round <= ROUNDS; round++) {
  for (const one of prompts) {
    const ms = await startTime(one);
    // The first round fills caches.
    if (ms !== null && round > 0) times.get(one.name)?.push(ms);
  }
}
print(["prompt", "start to prompt, ms", "fastest"]);
print(["---", "---:", "---:"]);
for (const [name, all] of times) print([name, all.length === 0 ? "not here" : median(all).toFixed(0), all.length === 0 ? "" : Math.min(...all).toFixed(0)]);

console.log("");
print(["one key", "ms", "frames", "bytes, most"]);
print(["---", "---:", "---:", "---:"]);
const saeq = startSaeq(folder, { rows: 40, program });
await saeq.until("saeq›");
saeq.type(" .ls\r");
await saeq.until("nothing is named");
const show = (name: string, costs: readonly { ms: number; frames: number; bytes: number }[]): void =>
  print([name, median(costs.map(({ ms }) => ms)).toFixed(1), (costs.reduce((sum, { frames }) => sum + frames, 0) / costs.length).toFixed(2), String(Math.max(...costs.map(({ bytes }) => bytes)))]);
show("saeq, an empty line", await keyCosts(saeq, ""));
saeq.type("\x03");
await saeq.until((screen) => live(screen)[0] === "saeq›");
saeq.paste(`${Array.from({ length: 19 }, (_, i) => `let part_${i} = (sample perfect ${i} |`).join("\n")}\n`);
await saeq.until((screen) => live(screen).length >= 20);
show("saeq, at the end of 20 lines", await keyCosts(saeq, ""));
await saeq.close();
const node = startProgram(folder, process.execPath, [], { rows: 40 });
await node.until(/^>/m);
show("node, its own REPL", await keyCosts(node, "> "));
await node.close();
process.exit(0);
