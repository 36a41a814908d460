/** Without this file nobody would notice that completion in a long script became slow: `node bench/lsp.ts` prints median milliseconds. */
import { analyse } from "../src/assist/analyse.ts";
import { completeAt } from "../src/assist/complete_script.ts";
import { hover } from "../src/assist/hover.ts";
import { semanticTokens } from "../src/assist/semantic.ts";
import { settled } from "../test/assist/around.ts";
import { startClient } from "../test/lsp/client.ts";
import { folder } from "../test/session/open.ts";
import { median } from "./median.ts";

const LINES = 500;
const RUNS = 25;
const WARM_UP = 15;
/** Letters typed into a long document at each place, and taken back. */
const TYPED = 10;

/** A script of so many lines: values named and used, conditions, samples and runs of the model. */
function script(lines: number): string {
  const text = ["saeq 1", "param n: int = 10", "set seed 42"];
  for (let i = 0; text.length < lines; i++) {
    text.push(`## part ${i}`, `let rows_${i} = memorization | where matching_tokens > ${i % 40} | take ${10 + i}`, `let part_${i} = sample rows_${i} 3`, `rows_${i} | derive share = matching_tokens / 50 | sort share desc | take $n`, `part_${i}`, "| acts layer 7 last 20", "| top 10 by max", "| sort count desc", "");
  }
  return `${text.slice(0, lines).join("\n")}\n`;
}

function measure(name: string, run: (i: number) => unknown): void {
  const times: number[] = [];
  for (let i = 0; i < RUNS + WARM_UP; i++) {
    const started = performance.now();
    run(i);
    if (i >= WARM_UP) times.push(performance.now() - started);
  }
  process.stdout.write(`${name.padEnd(34)} ${median(times).toFixed(2)} ms\n`);
}

const text = script(LINES);
const around = await settled(text);
/** The whole path of a key stroke: the text changed, so it is read anew. */
const typed = (i: number): string => `${text}rows_${i} | where mat`;
measure(`completion at the end, ${LINES} lines`, (i) => completeAt(analyse(typed(i), around), typed(i).length));
const middle = text.indexOf("rows_25 | derive");
measure(`completion in the middle`, (i) => completeAt(analyse(`${text} # ${i}`, around), middle + 10));
measure("diagnostics", (i) => analyse(`${text} # ${i}`, around).diagnostics().length);
measure("hover", (i) => hover(analyse(`${text} # ${i}`, around), middle + 12));
measure("semantic tokens", (i) => semanticTokens(analyse(`${text} # ${i}`, around)).length);
const open = analyse(text, around);
measure("completion, text unchanged", () => completeAt(open, middle + 10).items.length);
for (const lines of [3000, 50_000]) await typing(lines);

/** What an editor waits for that types into a long document, asked of the server itself. */
async function typing(lines: number): Promise<void> {
  const client = await startClient(folder({}));
  const whole = script(lines).replace("param n", "## rows to look at\nparam n");
  const opened = performance.now();
  const uri = client.write("long.saeq", whole);
  await client.diagnostics(uri, (found) => found.length > 0);
  process.stdout.write(`${lines} lines: until diagnostics of a document that was opened ${(performance.now() - opened).toFixed(0)} ms\n`);
  let colours = (await client.ask<{ readonly resultId: string }>("semanticTokens/full", uri)).resultId;
  const places = { "a seed at the top": "seed 42", "a `let` at the top": "take 11", "a `let` in the middle": "take ", "a pipeline in the middle": "sort share desc | take $n" };
  for (const [name, word] of Object.entries(places)) {
    const from = name.endsWith("top") ? 0 : whole.indexOf("\n", whole.length / 2);
    const at = whole.slice(0, whole.indexOf(word, from) + word.length).split("\n");
    const position = { line: at.length - 1, character: at.at(-1)!.length };
    const times: Record<"completion" | "colours" | "diagnostics", number[]> = { completion: [], colours: [], diagnostics: [] };
    for (let i = 0; i < TYPED; i++) {
      const typed = i % 2 === 0;
      const end = { ...position, character: position.character + 1 };
      const started = performance.now();
      const told = client.changed(uri, { range: { start: position, end: typed ? position : end }, text: typed ? (word.endsWith("n") ? " " : "1") : "" });
      await client.ask("completion", uri, { position: typed ? end : position });
      times.completion.push(performance.now() - started);
      await told;
      times.diagnostics.push(performance.now() - started);
      const asked = performance.now();
      colours = (await client.ask<{ readonly resultId: string }>("semanticTokens/full/delta", uri, { previousResultId: colours })).resultId;
      times.colours.push(performance.now() - asked);
    }
    const shown = Object.entries(times).map(([what, all]) => `${what} ${median(all).toFixed(0)} ms`);
    process.stdout.write(`${lines} lines, a letter in ${name.padEnd(25)} ${shown.join(", ")}\n`);
  }
  await client.stop();
}
