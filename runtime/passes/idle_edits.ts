/** Without this file a feature that is taken out of texts where it never fires would look like one that does not matter. */
import { reaches, type Edit } from "../../src/ops/edit.ts";
import { blocksNeeded } from "../../src/ops/hook.ts";
import type { ModelRef, Tap } from "../../src/ops/op.ts";
import type { TapOutput } from "../engine/port.ts";
import type { ActivationContext, Forward } from "./activations.ts";
import { tapDocuments } from "./tap_documents.ts";

/**
 * Tokens that are looked at, at most, before it is asked whether each feature has been seen: nearly all that are edited on purpose fire in the first text or two, and the guard has
 * mostly read the next.
 */
const STEPS = [128, 1000, 4096] as const;
const MOST = STEPS[2];

interface Editing {
  readonly model: ModelRef;
  readonly edits?: readonly Edit[];
}

/** Remembers what an edited model reads, in the order in which it is asked for. */
export interface IdleEdits {
  see(texts: readonly Int32Array[]): void;
  /**
   * Sentences about features that are taken out and fire on no token of the texts seen, or of the first of them. It follows from texts and edits alone: the model is asked,
   * as it is before each edit, for these features at the first 4,096 tokens, until each has been seen.
   * @throws CheckpointError, EngineError; AbortError
   */
  sentences(context: ActivationContext): Promise<readonly string[]>;
}

export function createIdleEdits({ model, edits = [] }: Editing): IdleEdits {
  const first: Int32Array[] = [];
  let tokens = 0;
  let count = 0;
  const removed = edits.flatMap((edit, at) => (edit.how === "set" && edit.value === 0 ? [{ edit, before: edits.slice(0, at) }] : []));
  return {
    see: (texts) => {
      count += texts.length;
      for (const ids of removed.length === 0 ? [] : texts) {
        if (tokens >= MOST) break;
        first.push(ids);
        tokens += ids.length;
      }
    },
    sentences: async (context) => {
      const said: string[] = [];
      for (const { edit, before } of first.length === 0 ? [] : removed) {
        const idle = await idleFeatures(model, edit, before, first, context);
        if (idle.length > 0) said.push(sentence(idle, first.length, count));
      }
      return said;
    },
  };
}

/** The same of texts that are all there, told. */
export async function tellIdleEdits(op: Editing, texts: readonly Int32Array[], context: ActivationContext, onNotice: (text: string) => void): Promise<void> {
  const idle = createIdleEdits(op);
  idle.see(texts);
  for (const sentence of await idle.sentences(context)) onNotice(sentence);
}

function sentence(features: readonly number[], looked: number, all: number): string {
  const one = features.length === 1;
  const where = looked === all ? (all === 1 ? "this text" : "these texts") : `the first ${looked.toLocaleString("en")} of ${all.toLocaleString("en")} texts`;
  return `${one ? "feature" : "features"} ${features.join(", ")} ${one ? "is" : "are"} active on no token of ${where}: taking ${one ? "it" : "them"} out changes nothing${looked === all ? "" : " there"}`;
}

/** Features of an edit that are active on no token that it edits. */
async function idleFeatures(model: ModelRef, edit: Edit, before: readonly Edit[], texts: readonly Int32Array[], context: ActivationContext): Promise<readonly number[]> {
  const { layer, hook, centred, folded, sae, features } = edit;
  const tap: Tap = { layer, hook, ...(centred === undefined ? {} : { centred }), ...(folded === undefined ? {} : { folded }), sae, features };
  const { spec, tokenizer } = context.catalog.model(model);
  const above = before.filter((each) => reaches(each, edit, spec.hooks.resid_mid.state === "absent"));
  const pass: Forward = { op: "forward", model, ...(above.length === 0 ? {} : { edits: above }), taps: [tap], window: { first: null, last: null, of: "all" }, blocks: blocksNeeded(tap), slice: "inside" };
  const { onKept: _, companions: __, ...rest } = context;
  const quiet = { ...rest, screened: new Map(), onProgress: () => {} };
  const silent = new Set(features);
  const skipped = edit.special ? null : tokenizer.specialIds;
  for (const part of partsOf(texts)) {
    await tapDocuments(pass, part.map((ids) => ({ ids, wanted: Uint32Array.from(ids.keys()) })), quiet, (index, [output]) => seen(output!, part[index]!, skipped, silent));
    if (silent.size === 0) break;
  }
  return [...silent];
}

/** Takes those out of `silent` that are active on a token. */
function seen(output: TapOutput, ids: Int32Array, skipped: ReadonlySet<number> | null, silent: Set<number>): void {
  if (output.kind !== "sparse") throw new Error("a tap with an SAE gave dense values");
  for (const [row, id] of ids.entries()) {
    if (skipped?.has(id) === true) continue;
    for (let at = output.indptr[row]!; at < output.indptr[row + 1]!; at++) if (output.values[at] !== 0) silent.delete(output.indices[at]!);
  }
}

/** The texts of the first tokens, then more, then the others. */
function partsOf(texts: readonly Int32Array[]): readonly (readonly Int32Array[])[] {
  const parts: Int32Array[][] = [];
  let tokens = 0;
  for (const text of texts) {
    const step = STEPS.findIndex((end) => tokens < end);
    (parts[step < 0 ? STEPS.length : step] ??= []).push(text);
    tokens += text.length;
  }
  // A long text may fill more than one step.
  return parts.filter((part) => part !== undefined);
}
