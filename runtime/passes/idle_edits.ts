/** Without this file a feature that is taken out of texts where it never fires would look like one that does not matter. */
import { printEdit, reaches, type Edit } from "../../src/ops/edit.ts";
import { blocksNeeded } from "../../src/ops/hook.ts";
import type { ModelRef, Tap, Window } from "../../src/ops/op.ts";
import { printWindow } from "../../src/ops/window.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { counted } from "../counted.ts";
import type { Tokens } from "../data/frame.ts";
import type { Document, TapOutput } from "../engine/port.ts";
import type { ActivationContext, Forward } from "./activations.ts";
import { tapDocuments } from "./tap_documents.ts";
import { placesOfEdits, wantedPositions } from "./window.ts";

/**
 * Tokens that are looked at, at most, before it is asked whether each feature has been seen: nearly all that are edited on purpose fire in the first text or two, and the guard has
 * mostly read the next.
 */
const STEPS = [128, 1000, 4096] as const;
const MOST = STEPS[2];

const WHOLE: Window = { first: null, last: null, of: "all" };

interface Editing {
  readonly model: ModelRef;
  readonly edits?: readonly Edit[];
}

/** Texts, and where the continuation of each begins. */
type Seen = Pick<Tokens, "ids" | "boundary">;

/** A text that is looked at. */
interface Text {
  readonly ids: Int32Array;
  readonly boundary: number | null;
}

/** Remembers what an edited model reads, in the order in which it is asked for. */
export interface IdleEdits {
  readonly see: (texts: Seen) => void;
  /**
   * Sentences about edits whose places lie in none of the texts, and about features that are taken out and fire on no token of the texts seen, or of the first of them, that is edited. It follows
   * from texts and edits alone: the model is asked, as it is before each edit, for these features at the first 4,096 tokens, until each has been seen.
   * @throws CheckpointError, EngineError; AbortError
   */
  sentences(context: ActivationContext): Promise<readonly string[]>;
}

export function createIdleEdits({ model, edits = [] }: Editing, catalog: Pick<Catalog, "model">): IdleEdits {
  const first: Text[] = [];
  let tokens = 0;
  let count = 0;
  const removed = edits.flatMap((edit, at) => (edit.how === "set" && edit.value === 0 ? [{ edit, before: edits.slice(0, at) }] : []));
  const placed = edits.flatMap((edit): Placed[] => (edit.window === undefined ? [] : [{ edit, tokens: 0, special: 0 }]));
  return {
    see: ({ ids: texts, boundary }) => {
      count += texts.length;
      if (placed.length > 0) {
        const special = catalog.model(model).tokenizer.specialIds;
        texts.forEach((ids, at) => placed.forEach((each) => note(each, { ids, boundary: boundary?.[at] ?? null }, special)));
      }
      for (const [at, ids] of removed.length === 0 ? [] : texts.entries()) {
        if (tokens >= MOST) break;
        first.push({ ids, boundary: boundary?.[at] ?? null });
        tokens += ids.length;
      }
    },
    sentences: async (context) => {
      const nowhere = placed.filter((each) => count > 0 && each.tokens === 0);
      const said = nowhere.map(sentenceOfNone);
      for (const { edit, before } of first.length === 0 ? [] : removed) {
        if (nowhere.some((each) => each.edit === edit)) continue;
        const idle = await idleFeatures(model, edit, before, first, context);
        if (idle.length > 0) said.push(sentence(idle, edit, first.length, count));
      }
      return said;
    },
  };
}

/** The same of texts that are all there, told. */
export async function tellIdleEdits(op: Editing, sets: readonly Seen[], context: ActivationContext, onNotice: (text: string) => void): Promise<void> {
  const idle = createIdleEdits(op, context.catalog);
  sets.forEach(idle.see);
  for (const sentence of await idle.sentences(context)) onNotice(sentence);
}

/** An edit of some tokens: how many it changes so far, and how many special ones lie where it does and stay as they are. */
interface Placed {
  readonly edit: Edit;
  tokens: number;
  special: number;
}

function note(placed: Placed, { ids, boundary }: Text, special: ReadonlySet<number>): void {
  const { window, special: all } = placed.edit;
  // Any one will do.
  if (placed.tokens > 0) return;
  for (const position of wantedPositions(window!, ids.length, boundary)) {
    if (!all && special.has(ids[position]!)) placed.special++;
    else placed.tokens++;
  }
}

/** As `noneLeftNotice` says it of what is read. */
function sentenceOfNone({ edit, special }: Placed): string {
  const { of } = edit.window!;
  const none = `\`${printEdit(edit)}\` edits no token`;
  if (special === 0) return `${none}: the texts${of === "all" ? " have none" : `, as far as they are read, have no ${of}; leave \`of ${of}\` out to edit all of their tokens`}`;
  return `${none} but ${counted(special, "special token")}, such as the one that begins a text, and those stay as they are; \`special\` edits them too`;
}

function sentence(features: readonly number[], { window }: Edit, looked: number, all: number): string {
  const one = features.length === 1;
  const texts = looked === all ? (all === 1 ? "this text" : "these texts") : `the first ${looked.toLocaleString("en")} of ${all.toLocaleString("en")} texts`;
  const where = window === undefined ? texts : `${texts} that is edited (${printWindow(window)})`;
  return `${one ? "feature" : "features"} ${features.join(", ")} ${one ? "is" : "are"} active on no token of ${where}: taking ${one ? "it" : "them"} out changes nothing${looked === all ? "" : " there"}`;
}

/** Features of an edit that are active on no token that it edits. */
async function idleFeatures(model: ModelRef, edit: Edit, before: readonly Edit[], texts: readonly Text[], context: ActivationContext): Promise<readonly number[]> {
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
    const documents = part.map(({ ids, boundary }): Document => ({ ids, wanted: Uint32Array.from(ids.keys()), ...placesOfEdits(pass, ids.length, boundary) }));
    await tapDocuments(pass, documents, quiet, (index, [output]) => seen(output!, part[index]!, edit, skipped, silent));
    if (silent.size === 0) break;
  }
  return [...silent];
}

/** Takes those out of `silent` that are active on a token that is edited. */
function seen(output: TapOutput, { ids, boundary }: Text, { window = WHOLE }: Edit, skipped: ReadonlySet<number> | null, silent: Set<number>): void {
  if (output.kind !== "sparse") throw new Error("a tap with an SAE gave dense values");
  for (const row of wantedPositions(window, ids.length, boundary)) {
    if (skipped?.has(ids[row]!) === true) continue;
    for (let at = output.indptr[row]!; at < output.indptr[row + 1]!; at++) if (output.values[at] !== 0) silent.delete(output.indices[at]!);
  }
}

/** The texts of the first tokens, then more, then the others. */
function partsOf(texts: readonly Text[]): readonly (readonly Text[])[] {
  const parts: Text[][] = [];
  let tokens = 0;
  for (const text of texts) {
    const step = STEPS.findIndex((end) => tokens < end);
    (parts[step < 0 ? STEPS.length : step] ??= []).push(text);
    tokens += text.ids.length;
  }
  // A long text may fill more than one step.
  return parts.filter((part) => part !== undefined);
}
