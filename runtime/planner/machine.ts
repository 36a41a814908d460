/** Without this file the speed of a machine would be measured again by every process, or guessed. */
import { readFileSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { atomicWrite } from "../data/atomic_write.ts";
import type { Engine } from "../engine/port.ts";
import { processor } from "../processor.ts";
import { makeFolder } from "../data/make_folder.ts";

/** Version of the file, and of what its figures mean. */
const FORMAT = 1;
const FILE = "machine.json";

/** What figures belong to: another processor, library or number of processes has others. */
function nameOf({ options }: Engine): string {
  return `${processor().model} × ${cpus().length}, ${options.lanes} processes of ${options.threads} threads, node ${process.version}`;
}

/**
 * 10⁹ float32 operations a second of one engine process while all work. Measured once, in a tenth of a second, and kept in `folder`; null: in this
 * process only. A file that is damaged or from another version is written anew.
 */
export async function machineSpeed(engine: Engine, folder: string | null): Promise<number> {
  const name = nameOf(engine);
  const known = folder === null ? {} : read(folder);
  const kept = known[name];
  if (typeof kept === "number" && kept > 0 && Number.isFinite(kept)) return kept;
  const measured = Number((await engine.speed()).toPrecision(3));
  if (folder !== null) await write(folder, { ...known, [name]: measured });
  return measured;
}

function read(folder: string): Readonly<Record<string, unknown>> {
  try {
    const path = join(folder, FILE);
    // A pipe would be waited for.
    if (!statSync(path).isFile()) return {};
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof found !== "object" || found === null || !("format" in found) || found.format !== FORMAT || !("gflops" in found)) return {};
    return typeof found.gflops === "object" && found.gflops !== null ? (found.gflops as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function write(folder: string, gflops: Readonly<Record<string, unknown>>): Promise<void> {
  try {
    makeFolder(folder);
    await atomicWrite(join(folder, FILE), [`${JSON.stringify({ format: FORMAT, gflops }, null, 2)}\n`]);
  } catch {
    // Nothing is lost but the next measurement.
  }
}
