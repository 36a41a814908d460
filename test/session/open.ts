/** Without this file each session test would open sessions and gather events in its own way. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Measured, Value } from "../../runtime/data/frame.ts";
import { factsOf } from "../../runtime/figures/measured.ts";
import { createSession, type InnerOptions } from "../../runtime/session/session.ts";
import type { Outcome, Session, SessionEvent } from "../../runtime/session/session_port.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { ownFolder } from "../house/own_folder.ts";
import { spareEngine } from "./spare_engines.ts";

export interface Ran {
  readonly outcome: Outcome;
  readonly events: readonly SessionEvent[];
  readonly values: readonly Value[];
  readonly codes: readonly string[];
  readonly notices: readonly string[];
}

/** An empty folder of its own. */
export function folder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const path = ownFolder("saeq-");
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

/** A session on the shipped examples; an engine that others had before it unless one is asked for. */
export async function open(options: Partial<InnerOptions> = {}): Promise<Session> {
  return createSession({
    readFrom: EXAMPLES,
    writeTo: options.readFrom ?? folder(),
    grants: { read: true, write: true },
    params: {},
    interactive: false,
    ...(options.engine === undefined && options.engines === undefined ? { engines: spareEngine() } : {}),
    ...options,
    // A machine with a graphics card must give the same results.
    settings: { ep: "cpu", ...(options.settings ?? { seed: "42" }) },
  });
}

export async function run(session: Session, text: string, signal: AbortSignal = new AbortController().signal, watch: (event: SessionEvent) => void = () => {}): Promise<Ran> {
  const events: SessionEvent[] = [];
  const outcome = await session.run({ name: "test", text }, {
    signal,
    onEvent: (event) => {
      events.push(event);
      watch(event);
    },
  });
  return {
    outcome,
    events,
    values: events.flatMap((event) => (event.kind === "result" ? [event.value] : [])),
    codes: outcome.diagnostics.map((each: Diagnostic) => each.code),
    notices: events.flatMap((event) => (event.kind === "notice" ? [event.text] : [])),
  };
}

/** A fingerprint of every number and text of a value, bit for bit; functions are left out. */
export function bits(value: unknown): string {
  const hash = createHash("sha256");
  const visit = (each: unknown): void => {
    if (ArrayBuffer.isView(each)) {
      hash.update(`${each.constructor.name}${each.byteLength}:`).update(new Uint8Array(each.buffer, each.byteOffset, each.byteLength));
    } else if (each instanceof Set || Array.isArray(each)) {
      hash.update(`[${each instanceof Set ? each.size : each.length}:`);
      each.forEach(visit);
    } else if (typeof each === "object" && each !== null) {
      // What stands behind a list of features is held whole or as figures, as the plan needs; the facts of both are equal.
      if ("kind" in each && each.kind === "features" && "acts" in each && "table" in each) {
        visit(each.table);
        visit(factsOf(each.acts as Measured));
        return;
      }
      for (const [name, inner] of Object.entries(each)) {
        if (typeof inner === "function") continue;
        hash.update(`${name}=`);
        visit(inner);
      }
    } else hash.update(`${typeof each}${String(each)};`);
  };
  visit(value);
  return hash.digest("hex");
}
