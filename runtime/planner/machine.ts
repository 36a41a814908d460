/** Without this file the speed of a machine would be measured again by every process, or guessed. */
import { readFileSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { atomicWrite } from "../data/atomic_write.ts";
import { WRITING_SPEED, type Engine, type WritingSpeed } from "../engine/port.ts";
import { processor } from "../processor.ts";
import { makeFolder } from "../data/make_folder.ts";

/** Version of the file, and of what its figures mean. */
const FORMAT = 2;
const FILE = "machine.json";

/** What is known of one machine: each figure from when it was first asked for. */
interface Figures {
  /** 10⁹ float32 operations a second of one engine process while all work. */
  readonly gflops?: number;
  readonly writing?: WritingSpeed;
}

/** What figures belong to: another processor, library or number of processes has others. */
function nameOf({ options }: Engine): string {
  return `${processor().model} × ${cpus().length}, ${options.lanes} processes of ${options.threads} threads, node ${process.version}`;
}

/**
 * 10⁹ float32 operations a second of one engine process while all work. Measured once, in a tenth of a second, and kept in `folder`; null: in this
 * process only. A file that is damaged or from another version is written anew.
 */
export async function machineSpeed(engine: Engine, folder: string | null): Promise<number> {
  const { gflops } = known(engine, folder);
  if (isFigure(gflops)) return gflops;
  const measured = short(await engine.speed());
  await keep(engine, folder, { gflops: measured });
  return measured;
}

/** How fast one engine process writes while all do, in its parts: measured once, in a sixth of a second, and kept likewise. */
export async function machineWriting(engine: Engine, folder: string | null): Promise<WritingSpeed> {
  const { writing } = known(engine, folder);
  if (typeof writing === "object" && writing !== null && WRITING_SPEED.every((name) => isFigure(writing[name]))) return writing;
  const { single, half, tiled, copied, drawn } = await engine.writing();
  const measured = { single: short(single), half: short(half), tiled: short(tiled), copied: short(copied), drawn: short(drawn) };
  await keep(engine, folder, { writing: measured });
  return measured;
}

const isFigure = (value: unknown): value is number => typeof value === "number" && value > 0 && Number.isFinite(value);
const short = (value: number): number => Number(value.toPrecision(3));

function known(engine: Engine, folder: string | null): Figures {
  const own = folder === null ? undefined : read(folder)[nameOf(engine)];
  return typeof own === "object" && own !== null ? own : {};
}

function read(folder: string): Readonly<Record<string, unknown>> {
  try {
    const path = join(folder, FILE);
    // A pipe would be waited for.
    if (!statSync(path).isFile()) return {};
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof found !== "object" || found === null || !("format" in found) || found.format !== FORMAT || !("machines" in found)) return {};
    return typeof found.machines === "object" && found.machines !== null ? (found.machines as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function keep(engine: Engine, folder: string | null, figures: Figures): Promise<void> {
  if (folder === null) return;
  try {
    makeFolder(folder);
    const machines = { ...read(folder), [nameOf(engine)]: { ...known(engine, folder), ...figures } };
    await atomicWrite(join(folder, FILE), [`${JSON.stringify({ format: FORMAT, machines }, null, 2)}\n`]);
  } catch {
    // Nothing is lost but the next measurement.
  }
}
