/** Without this file a run would be recorded in one way by `run` and in another by `verify`. */
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileDigest } from "../../runtime/record/file_digest.ts";
import { createObservation, type Observation } from "../../runtime/record/observed.ts";
import { runRecord, sha256, type RunRecord } from "../../runtime/record/run_record.ts";
import { modulesOf, portable, usedBy } from "../../runtime/record/used.ts";
import type { Checked, RanPipeline, Session, SessionEvent, Source } from "../../runtime/session/session_port.ts";
import type { Needs } from "../../runtime/permissions/grants.ts";
import { inside } from "../../runtime/permissions/inside.ts";
import { nodes } from "../../src/optimize/rule.ts";
import { runsModel } from "../../runtime/execute/value_key.ts";
import { packageVersion } from "../../runtime/package_root.ts";

/** Where a script reads and writes, and how it was started. */
export interface RunPlace {
  /** The name it goes by: `memorization.saeq`. */
  readonly name: string;
  readonly readFrom: string;
  readonly writeTo: string;
  readonly params: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
}

/** Watches one run: what its stages gave, what it saved and what it said. */
export interface Recorder {
  /** For the session's options. */
  readonly observe: (ran: RanPipeline) => void;
  /** The same session, listened to. */
  watched(session: Session): Session;
  /** The record of a run that ended well. */
  record(checked: Checked, place: RunPlace): Promise<RunRecord>;
}

export function createRecorder(source: Source): Recorder {
  const observation: Observation = createObservation();
  const saved = new Set<string>();
  const warnings = new Set<string>();
  let engine: RanPipeline["engine"] | null = null;
  const ran: RanPipeline[] = [];
  const listen = (event: SessionEvent): void => {
    if (event.kind === "saved") saved.add(event.path);
    if (event.kind === "notice") warnings.add(event.text);
    if (event.kind === "diagnostic" && event.diagnostic.severity === "warning") warnings.add(event.diagnostic.message);
  };
  return {
    observe: (one) => {
      // Values are let go; what was asked is small.
      ran.push({ ...one, values: new Map() });
      if (runsModel(one.pipeline.plan)) engine = one.engine;
      observation.take(one, source.text);
    },
    watched: (session) => ({
      ...session,
      run: (text, options) =>
        session.run(text, {
          ...options,
          onEvent: (event) => {
            listen(event);
            options.onEvent(event);
          },
        }),
    }),
    record: async (checked, place) => {
      const { compiled } = checked;
      if (compiled === undefined) throw new Error("a session that does not compile has no record");
      const outputs: Record<string, { bytes: number; sha256: string }> = {};
      for (const path of [...saved].sort()) outputs[nameFrom(place.writeTo)(path)] = await fileDigest(path);
      return runRecord({
        name: place.name,
        text: source.text,
        saeq: packageVersion(),
        lock: digestOf(resolve(place.readFrom, "saeq.lock")),
        params: Object.fromEntries(checked.params.map(({ name, default: usual }) => {
          const given = Object.hasOwn(place.params, name);
          return [name, { value: (given ? place.params[name] : usual) ?? "", given }];
        })),
        settings: ran.at(-1)?.settings ?? compiled.scope.settings,
        flags: place.flags,
        used: usedBy(ran.flatMap(({ pipeline }) => nodes(pipeline.written))),
        modules: Object.fromEntries(modulesOf(source.text, (path) => textOf(resolve(place.readFrom, path))).map((path) => [path, digestOf(resolve(place.readFrom, path)) ?? ""])),
        statements: observation.statements,
        outputs,
        permissions: permissionsOf(checked.needs, place),
        warnings: [...warnings],
        engine,
      });
    },
  };
}

function permissionsOf({ read, write, net }: Needs, { readFrom, writeTo }: RunPlace): RunRecord["permissions"] {
  return { read: read.map(nameFrom(readFrom)), write: write.map(nameFrom(writeTo)), net: net ?? [] };
}

/** A path below a folder by its name there; another stays as it is, and the record keeps its last name only. */
const nameFrom = (folder: string) => (path: string): string => portable(inside(path, folder) ? relative(folder, path) : path);

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** sha256 of a small file; null where there is none. */
function digestOf(path: string): string | null {
  try {
    return sha256(readFileSync(path));
  } catch {
    return null;
  }
}
