/** Without this file nobody would know whether typing stays quick. Prints medians in ms: one REPL line, a long script, a megabyte. */
import { parse } from "../grammar/parse.ts";
import { createSession } from "../runtime/session/session.ts";
import { EXAMPLES } from "../runtime/catalog/shipped.ts";
import { median } from "./median.ts";

const LINE = "sample perfect 10 | acts layer 7 last 50 | top 10 by max";
const SCRIPT = Array.from({ length: 1000 }, (_, i) => `let rows_${i} = memorization | where matching_tokens > ${i % 50} and len(input_text) > ${i}\nlet some_${i} = sample rows_${i} 10\nsome_${i} | sort matching_tokens desc | take 5 | count`).join("\n");

const session = await createSession({ readFrom: EXAMPLES, writeTo: EXAMPLES, grants: { read: true, write: [] }, params: {}, settings: { seed: "1" }, interactive: true });
await session.check({ name: "warm", text: LINE });

async function timed(rounds: number, work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

const show = (what: string, ms: number): void => console.log(`${what.padEnd(52)} ${ms.toFixed(1)} ms`);
show("parse one line", await timed(200, () => parse(LINE)));
show("complete in one line", await timed(200, () => session.complete(`${LINE} `, LINE.length + 1)));
show("check one line, facts known", await timed(50, () => session.check({ name: "line", text: LINE })));
show(`parse 3,000 statements (${(SCRIPT.length / 1000).toFixed(0)} kB)`, await timed(5, () => parse(SCRIPT)));
show("check 3,000 statements", await timed(5, () => session.check({ name: "script", text: SCRIPT })));
const megabyte = SCRIPT.repeat(Math.ceil(1e6 / SCRIPT.length));
show(`parse ${(megabyte.length / 1e6).toFixed(1)} MB`, await timed(3, () => parse(megabyte)));
await session.close();
