/** Without this file a record and a lock could disagree on what a script reads. */
import { posix } from "node:path";
import { parse } from "../../grammar/parse.ts";
import { beside } from "../../src/check/values.ts";
import { modelOf, saesOf } from "../../src/ops/reads_of.ts";
import type { ModelRef, Op, Plan, SaeRef } from "../../src/ops/op.ts";
import { STANDARD_PREFIX } from "../catalog/shipped.ts";

/** What plans read, by the names that the script gives, in order of names. */
export interface Used {
  readonly data: ReadonlyMap<string, Op & { readonly op: "read" }>;
  readonly models: ReadonlyMap<string, ModelRef>;
  readonly saes: ReadonlyMap<string, SaeRef>;
}

/** `nodes`: every node of the plans. */
export function usedBy(nodes: readonly Plan[]): Used {
  const data = new Map<string, Op & { readonly op: "read" }>();
  const models = new Map<string, ModelRef>();
  const saes = new Map<string, SaeRef>();
  for (const { op } of nodes) {
    if (op.op === "read") data.set(portable(op.path), op);
    const model = modelOf(op);
    if (model !== null) models.set(portable(model.name), model);
    for (const sae of saesOf(op)) saes.set(portable(sae.name), sae);
  }
  return { data: byName(data), models: byName(models), saes: byName(saes) };
}

function byName<T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A name as it stands in files that travel: forward slashes, no `./` in front. */
export function portable(name: string): string {
  const slashes = name.replaceAll("\\", "/");
  return /^[a-z]+:/.test(slashes) || slashes.startsWith("/") ? slashes : posix.normalize(slashes);
}

/** The files that a script uses, and those that they use, by their paths from the script's folder; `read` gives the text of one, null where it cannot be read. */
export function modulesOf(text: string, read: (path: string) => string | null): readonly string[] {
  const found = new Set<string>();
  const visit = (source: string, base: string): void => {
    for (const statement of parse(source).script.statements) {
      if (statement.kind !== "use" || statement.path.kind === "hole" || statement.path.value.startsWith(STANDARD_PREFIX)) continue;
      const path = beside(base, statement.path.value);
      if (found.has(portable(path))) continue;
      found.add(portable(path));
      const inner = read(path);
      if (inner !== null) visit(inner, path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
    }
  };
  visit(text, "");
  return [...found].sort();
}
