/** Without this file the rule that lets activations be written as they come, and the run that writes them, could mean different ones. */
import { OPS, type Plan } from "./op.ts";

/** Which activations a file will hold: the pass that gives them, and which of its taps, in their order. */
export interface SavedPass {
  readonly pass: Plan;
  readonly taps: readonly number[];
}

/** What a `save` writes, where that is the activations of one pass of the model, as they leave it; null for others. */
export function savedPass(save: Plan): SavedPass | null {
  if (save.op.op !== "save") return null;
  let at = save;
  let taps: readonly number[] | null = null;
  for (;;) {
    const { op } = at;
    if (op.op === "forward") return op.taps.every(({ sae }) => sae !== null) ? { pass: at, taps: taps ?? [...op.taps.keys()] } : null;
    if (op.op === "pick") taps = taps === null ? op.taps : taps.map((tap) => op.taps[tap]!);
    else if (!OPS[op.op].passes) return null;
    at = at.inputs[0]!;
  }
}
