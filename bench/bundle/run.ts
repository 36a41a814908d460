/** Without this file nobody would know whether a bundle of gigabytes takes gigabytes of memory: seconds and peak memory of packing one and of unpacking it. */
import { spawnSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { packed } from "../../runtime/bundle/pack.ts";
import { unpackBundle } from "../../runtime/bundle/unpack.ts";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { peakMemory } from "../peak.ts";

const [task, place] = process.argv.slice(2);
if (task === "pack" || task === "unpack") {
  const started = performance.now();
  const [archive, weights] = [join(place!, "b.zip"), join(place!, "m.safetensors")];
  if (task === "unpack") (await unpackBundle(archive)).remove();
  else {
    const script = Buffer.from('prompts "a"\n');
    await atomicWrite(archive, packed([{ name: "x.saeq", size: script.length, content: script }, { name: "m.safetensors", size: statSync(weights).size, content: { path: weights }, stored: true }], { signal: new AbortController().signal }));
  }
  console.log(JSON.stringify({ ms: performance.now() - started, peak: peakMemory() }));
} else {
  if (task === undefined) throw new Error("name a folder on a disk with three times the room: node bench/bundle/run.ts FOLDER 1,3");
  console.log(`| GB of weights | pack s | MB | unpack s | MB |\n| ---: | ---: | ---: | ---: | ---: |  load ${loadavg()[0]!.toFixed(1)}`);
  for (const gb of (place ?? "1,3").split(",").map(Number)) {
    const folder = mkdtempSync(join(task, "saeq-bench-bundle-"));
    // Random bytes: a disk that packs what it holds would pack nothing of it.
    const [file, block] = [openSync(join(folder, "m.safetensors"), "w"), Buffer.alloc(1 << 24)];
    for (let at = 0; at < gb * 1e9; at += block.length) writeSync(file, randomFillSync(block));
    closeSync(file);
    const figures = ["pack", "unpack"].map((each) => {
      const { stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, each, folder], { encoding: "utf8", env: { ...process.env, TMPDIR: folder } });
      if (stdout === "") throw new Error(stderr);
      const { ms, peak } = JSON.parse(stdout) as { readonly ms: number; readonly peak: number };
      return `${(ms / 1000).toFixed(1)} | ${(peak / 1024).toFixed(0)}`;
    });
    console.log(`| ${gb} | ${figures.join(" | ")} |`);
    rmSync(folder, { recursive: true });
  }
}
