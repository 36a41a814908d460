/** Without this file nobody would know which cached activations belong to which tap. */
import { createHash } from "node:crypto";
import type { EmittedGraph, WeightRef } from "../../src/emit/specs.ts";
import { printEdits, type Edit } from "../../src/ops/edit.ts";
import type { ModelRef, Tap } from "../../src/ops/op.ts";
import type { EngineOptions } from "../engine/port.ts";
import { bitsClass, stamps } from "./numerics.ts";
import type { Space } from "./space_segments.ts";

const known = new WeakMap<EmittedGraph, Map<string, Space>>();

/**
 * The space of what a graph gives: its bytes (operators, shapes, biases, where the weights lie), the state of the weights' files, and the
 * numerics class. `weights` are looked at once for a graph: lanes map them once, too.
 */
export function spaceOf(graph: EmittedGraph, weights: readonly WeightRef[], options: EngineOptions, name: string, memoryOnly: boolean): Space {
  const numerics = bitsClass(options);
  const spaces = known.get(graph) ?? new Map<string, Space>();
  known.set(graph, spaces);
  const id = `${numerics}|${memoryOnly}|${name}`;
  const space = spaces.get(id) ?? { id: createHash("sha256").update(JSON.stringify([numerics, graph.key, stamps(weights), name])).digest("hex").slice(0, 32), name, memoryOnly };
  spaces.set(id, space);
  return space;
}

/**
 * What `saeq cache ls` calls it. What was computed while nobody looked whether the SAE fits has a place of its own: it is no answer where
 * somebody does.
 */
export function tapName({ model, edits = [] }: { readonly model: ModelRef; readonly edits?: readonly Edit[] }, tap: Tap, guarded: boolean): string {
  return `${model.name}${edits.length === 0 ? "" : `, edited (${printEdits(edits)}),`} layer ${tap.layer} ${tap.hook}${tap.centred === true ? " centred" : ""}${tap.folded !== undefined ? " without value biases" : ""}${tap.sae === null ? "" : `, SAE ${tap.sae.name} (${tap.sae.convention})${guarded ? "" : ", guard off"}`}`;
}
