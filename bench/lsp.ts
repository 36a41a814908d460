/** Without this file nobody would notice that completion in a long script became slow: `node bench/lsp.ts` prints median milliseconds. */
import { analyse } from "../src/assist/analyse.ts";
import { completeAt } from "../src/assist/complete_script.ts";
import { hover } from "../src/assist/hover.ts";
import { semanticTokens } from "../src/assist/semantic.ts";
import { settled } from "../test/assist/around.ts";
import { median } from "./median.ts";

const LINES = 500;
const RUNS = 25;
const WARM_UP = 15;

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
