/** Without this file figures that cannot be right would be printed like any others. */
import { CheckpointError } from "../checkpoint/error.ts";
import type { Expected } from "./expected.ts";
import type { SaeFigures } from "./measure.ts";

/** Facts that make one cause likelier than another. */
export interface Circumstances {
  readonly sae: string;
  readonly hookName: string;
  readonly convention: string;
  readonly model: string;
  readonly trainedOn: string | null;
  /** Whether the texts begin with a beginning-of-text token, and whether those of the training did. */
  readonly bos: boolean;
  readonly trainedWithBos: boolean;
  readonly dSae: number;
}

/**
 * How far a figure may be off, as a factor either way. Texts of another kind move L0 by a factor of up to two and norms by less; a lost normalisation
 * moves Llama Scope's L0 at layer 7 from about 50 to over 1,000, another hook or layer moves norms by factors (1.6 to 75 from layer 1 to 31).
 */
const L0_BAND = 4;
const NORM_BAND = 3;
/** Explained variance below this, or below what was published by as much: the reconstruction is worse than the mean of the tokens. */
const LEAST_EXPLAINED = 0;
const LESS_EXPLAINED = 0.5;

/** @throws CheckpointError `guard-failed` where the SAE does something on these tokens that it cannot have been made for */
export function judge(measured: SaeFigures, expected: Expected, about: Circumstances): void {
  const l0 = expected.l0 === null ? null : measured.l0 / expected.l0;
  const norm = expected.norm === null ? null : measured.norm / expected.norm;
  const least = expected.explainedVariance === null ? LEAST_EXPLAINED : Math.min(LEAST_EXPLAINED, expected.explainedVariance - LESS_EXPLAINED);
  const faults = [
    norm !== null && outside(norm, NORM_BAND) ? `activations have a mean norm of ${short(measured.norm)}, expected were about ${short(expected.norm!)}` : null,
    l0 !== null && outside(l0, L0_BAND) ? `${short(measured.l0)} features are active per token, expected were about ${short(expected.l0!)}` : null,
    l0 === null && (measured.l0 === 0 || measured.l0 > about.dSae / 2) ? `${short(measured.l0)} of ${about.dSae} features are active per token` : null,
    measured.explainedVariance !== null && measured.explainedVariance < least ? `its reconstruction explains ${short(100 * measured.explainedVariance)} % of the variance` : null,
  ].filter((fault) => fault !== null);
  if (faults.length === 0) return;
  throw new CheckpointError("guard-failed", `\`${about.sae}\` does not fit what it reads: ${faults[0]}`, {
    notes: [...faults.slice(1), `measured on the first ${measured.tokens} tokens; expected is what ${expected.from} ${expected.from === "its files" ? "say" : "says"}`, ...causes(norm, l0, measured, about), "the model, hook and convention that it was made for are set before it; the line uses it all the same"],
    help: "set guard off",
  });
}

function outside(ratio: number, band: number): boolean {
  return !(ratio >= 1 / band && ratio <= band);
}

/** The likeliest first. */
function causes(norm: number | null, l0: number | null, measured: SaeFigures, about: Circumstances): readonly string[] {
  const found = [
    about.bos !== about.trainedWithBos ? `the SAE was trained ${about.trainedWithBos ? "with" : "without"} a beginning-of-text token and reads texts ${about.bos ? "with" : "without"} one` : null,
    norm !== null && outside(norm, NORM_BAND) ? `likely another model or another place in it: it was trained on ${about.hookName || "a hook that it does not name"}${about.trainedOn === null ? "" : ` of ${about.trainedOn}`}, and reads ${about.model}` : null,
    norm !== null && !outside(norm, NORM_BAND) && l0 !== null && l0 > 1 ? `the norm is right, so likely the normalisation or the threshold: it is read by the convention ${about.convention}` : null,
    norm === null && l0 !== null && l0 > 1 ? `likely it expects normalised activations, or ones of another model than ${about.model}` : null,
    norm === null && (measured.l0 === 0 || (l0 !== null && l0 < 1)) ? `likely it expects larger activations: another layer or hook than ${about.hookName || "this one"}, or a normalisation that is not done` : null,
  ].filter((cause) => cause !== null);
  return found.slice(0, 2);
}

function short(value: number): string {
  return value !== 0 && Math.abs(value) < 0.01 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
