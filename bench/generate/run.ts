/** Without this file nobody would know how saeq stands where a model writes: prompts of unlike lengths are continued greedily, beside transformers with all of them in one batch. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import { published } from "../published.ts";
import { timed } from "../start/timed_process.ts";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: "string", default: process.env["PYTHON"] ?? "python3" }, rounds: { type: "string", default: "5" }, steps: { type: "string", default: "1,40" } },
});
if (positionals[0] === undefined) throw new Error("name the folder that bench/llama8b/make_checkpoint.py wrote");
const folder = resolve(positionals[0]);
const rounds = Number(given.rounds);
const out = await mkdtemp(join(tmpdir(), "saeq-bench-generate-"));

/** Beginnings of the texts of `make_checkpoint.py`, of 8 to 65 words. */
async function prompts(): Promise<readonly string[]> {
  const lines = (await readFile(join(folder, "texts.csv"), "utf8")).split("\n").slice(1, 21);
  return lines.map((line, at) => line.replaceAll('"', "").split(" ").slice(0, 8 + 3 * ((at * 7) % 20)).join(" "));
}

interface Peer {
  readonly imports: number;
  readonly load: number;
  readonly generate: number;
  readonly prompt_tokens: number;
}

try {
  const saeq = await published(join(out, "published"));
  const texts = await prompts();
  const file = join(out, "prompts.jsonl");
  await writeFile(file, texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  console.log(`${cpus().length} × ${cpus()[0]?.model}, load before ${loadavg()[0]!.toFixed(1)}; ${texts.length} prompts, greedy, ${rounds} rounds, medians\n`);
  console.log("| new tokens of each | saeq, start to end s | transformers, start to end s | times | of it generating s | times |\n| ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const steps of given.steps.split(",").map(Number)) {
    const script = `saeq 1\nset model ${JSON.stringify(join(folder, "model"))}\njsonl ${JSON.stringify(file)} | generate max ${steps} | agg written = sum(generated_tokens)\n`;
    const [ours, theirs, written]: [number[], number[], number[]] = [[], [], []];
    let peer: Peer | null = null;
    for (let round = 0; round <= rounds; round++) {
      const mine = await timed(process.execPath, [saeq, "run", "-A", "--no-cache", "--ep", "cpu", "--format", "csv", "-"], { cwd: out, input: script });
      const other = await timed(given.python, [fileURLToPath(new URL("greedy.py", import.meta.url)), join(folder, "model"), file, String(steps)]);
      peer = JSON.parse(other.stdout.trim().split("\n").at(-1)!) as Peer;
      if (Number(mine.stdout.trim().split("\n").at(-1)) !== steps * texts.length) throw new Error(`not ${steps} tokens for each prompt: ${mine.stdout}`);
      // The first round only brings files into the system's cache.
      if (round === 0) continue;
      ours.push(mine.seconds);
      theirs.push(other.seconds);
      written.push(peer.generate);
    }
    const [mine, other, generating] = [median(ours), median(theirs), median(written)];
    console.log(`| ${steps} | ${mine.toFixed(1)} | ${other.toFixed(1)} | ${(other / mine).toFixed(2)} | ${generating.toFixed(1)} | ${(generating / mine).toFixed(2)} |`);
    if (steps === Number(given.steps.split(",").at(-1))) console.log(`\n${peer!.prompt_tokens} tokens of prompts; load after ${loadavg()[0]!.toFixed(1)}`);
  }
} finally {
  await rm(out, { recursive: true });
}
