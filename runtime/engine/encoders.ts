/**
 * Without this file each engine process would need an eight-bit encoder of its own in memory.
 *
 * Encoders are quantised once an engine, by its processes, into a folder that goes when the engine is closed or the program ends. Processes
 * map the file, so it is no memory of theirs: a quarter of the float32 encoder, and the weights once more where they are stored as [d, m].
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { QuantizedEncoder, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { EmittedGraph, TensorRef } from "../../src/emit/specs.ts";
import { isRunning } from "../running.ts";
import { deal, type Halt } from "./dealing.ts";
import { EngineError } from "./port.ts";
import type { Screening } from "./protocol.ts";
import type { QuantizeTarget } from "./quantizing.ts";
import type { Lane } from "./supervisor.ts";

/** A graph and, for each screened tap, what to screen with. */
export type PreparedGraph = EmittedGraph & { readonly screenings?: readonly Screening[] };

export interface Encoders {
  /** The graph with its encoders, quantised now where they were not. Rejects as jobs do. */
  prepare(graph: EmittedGraph, lanes: readonly Lane[], halt: Halt): Promise<PreparedGraph>;
  /** Whether `prepare` has nothing left to do for this SAE. */
  ready(sae: SaeSpec): boolean;
  /** The folder that engine processes may read and write, whether it is there yet or not; null where there can be none. */
  readonly folder: string | null;
  close(): void;
}

/** Weights quantised by one request: about a quarter of a second, so that a cancel is heard. */
const WEIGHTS_AT_ONCE = 2 ** 24;
const PREFIX = "saeq-encoders-";

/** `scratch`: where the folder is made; asked for when it is first needed. */
export function createEncoders(scratch: () => string = temporaryFolder): Encoders {
  const planned = plannedFolder(scratch());
  let folder: string | null = null;
  const known = new Map<string, Promise<QuantizedEncoder>>();
  const done = new Set<string>();
  const remove = (): void => {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
    folder = null;
  };
  const place = (): string => {
    if (folder !== null) return folder;
    const parent = scratch();
    try {
      sweep(parent);
      // Nobody else can have made it: its name is random, and making it again would fail.
      const made = planned ?? join(realpathSync(parent), `${PREFIX}${process.pid}-${randomBytes(6).toString("hex")}`);
      mkdirSync(made, { mode: 0o700 });
      folder = made;
    } catch (error) {
      throw noRoom(parent, error);
    }
    process.once("exit", remove);
    return folder;
  };
  const encoderOf = (sae: SaeSpec, lanes: readonly Lane[], halt: Halt): Promise<QuantizedEncoder> => {
    const id = identity(sae.encoder);
    const kept = known.get(id);
    if (kept !== undefined) return kept;
    const made = quantizeOn(lanes, halt, sae, join(place(), createHash("sha256").update(id).digest("hex").slice(0, 32)));
    known.set(id, made);
    made.then(
      () => done.add(id),
      // A stopped or failed attempt leaves a file of holes, which nobody reads: the next one starts anew.
      () => known.delete(id),
    );
    return made;
  };
  return {
    prepare: async (graph, lanes, halt) => {
      if (graph.screened === undefined || graph.screened.length === 0) return graph;
      const screenings: Screening[] = [];
      for (const { tap, sae } of graph.screened) screenings.push({ tap, sae, encoder: await encoderOf(sae, lanes, halt) });
      // Bytes of a file that changed are another encoder, and need another session.
      const key = createHash("sha256").update(graph.key).update(JSON.stringify(graph.screened.map(({ sae }) => identity(sae.encoder)))).digest("hex");
      return { ...graph, key, screenings };
    },
    folder: planned,
    ready: (sae) => done.has(identity(sae.encoder)),
    close: () => {
      remove();
      known.clear();
      done.clear();
      process.off("exit", remove);
    },
  };
}

/** A name for the folder that is known before the folder is made: engine processes are told it when they start. */
function plannedFolder(parent: string): string | null {
  try {
    return join(realpathSync(parent), `${PREFIX}${process.pid}-${randomBytes(6).toString("hex")}`);
  } catch {
    return null;
  }
}

function noRoom(place: string, error: unknown): EngineError {
  return new EngineError("engine-failed", `the eight-bit encoder could not be written to ${place}: ${error instanceof Error ? error.message : String(error)}`, "set encode dense, or point TMPDIR at a folder with more room");
}

/** A tensor's content as far as the file system tells. */
function identity(ref: TensorRef): string {
  const { mtimeMs, size, ino } = statSync(ref.file);
  return JSON.stringify([ref.file, mtimeMs, size, ino, ref.offset, ref.length, ref.shape, ref.dtype]);
}

/** On disk where possible: `/tmp` is memory on many systems. */
function temporaryFolder(): string {
  const asked = process.env["TMPDIR"];
  if (asked !== undefined && asked !== "") return asked;
  return process.platform === "linux" && existsSync("/var/tmp") ? "/var/tmp" : tmpdir();
}

/** Remove what killed processes left. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || isRunning(owner)) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Another user's: theirs to remove.
    }
  }
}

/** The same weights under a name in the engine's folder: see `confinement.ts`. */
function readable(encoder: TensorRef, link: string): TensorRef {
  if (process.platform === "win32") return encoder;
  rmSync(link, { force: true });
  symlinkSync(encoder.file, link);
  return { ...encoder, file: link };
}

async function quantizeOn(lanes: readonly Lane[], halt: Halt, { encoder, encoderLayout, dSae: m, dIn: d }: SaeSpec, file: string): Promise<QuantizedEncoder> {
  const inOut = encoderLayout === "in_out";
  let source = encoder;
  const target: QuantizeTarget = { file, rowsAt: inOut ? Math.ceil((m * d) / 4096) * 4096 : null };
  try {
    source = readable(encoder, `${file}.weights`);
    writeFileSync(file, "", { mode: 0o600 });
    truncateSync(file, target.rowsAt === null ? m * d : target.rowsAt + encoder.length);
  } catch (error) {
    throw noRoom(dirname(file), error);
  }
  const made: QuantizedEncoder = {
    levels: { file, offset: 0 },
    rows: target.rowsAt === null ? encoder : { ...encoder, file, offset: target.rowsAt, shape: [m, d] },
    scale: new Float32Array(m),
    norm: new Float32Array(m),
    error: new Float32Array(m),
  };
  const step = Math.max(16, Math.floor(WEIGHTS_AT_ONCE / d));
  let next = 0;
  await deal(lanes, halt, (lane) => {
    if (next >= m) return null;
    const from = next;
    next = Math.min(m, from + step);
    return lane.quantize(source, inOut, from, next, target).then(({ outputs }) => {
      for (const name of ["scale", "norm", "error"] as const) made[name].set(outputs[name]!.data as Float32Array, from);
    });
  }).catch((error: unknown) => {
    // What the system says of the file comes back as text.
    throw error instanceof EngineError && /ENOSPC|EDQUOT|EROFS|EACCES/.test(error.message) ? noRoom(dirname(file), error) : error;
  });
  if (next < m) throw halt.reason();
  return made;
}
