/** Without this file equal sub-plans could not be recognised, and samples would move when a script is edited. */
import { createHash } from "node:crypto";
import type { Edit } from "./edit.ts";
import { OPS, type Op, type Plan } from "./op.ts";

const keys = new WeakMap<Plan, string>();
const texts = new WeakMap<Plan, string>();

/** JSON with sorted keys: the same op always gives the same text. Non-finite numbers and -0 keep their identity. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(",")}}`;
  }
  if (typeof value === "number" && !(Number.isFinite(value) && !Object.is(value, -0))) return `"#${Object.is(value, -0) ? "-0" : String(value)}"`;
  return JSON.stringify(value) ?? "null";
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** The op that makes this plan's value: stages that only pass rows on (tee, save, show, assert) do not count. */
export function source(plan: Plan): Plan {
  let at = plan;
  while (OPS[at.op.op].passes) {
    const input = at.inputs[0];
    if (input === undefined) return at;
    at = input;
  }
  return at;
}

/**
 * 128 bits that name the value of a plan: ops, their arguments and the content they read. Spans and labels are left
 * out, and so are stages that only pass rows on.
 */
export function key(plan: Plan): string {
  const at = source(plan);
  let known = keys.get(at);
  if (known === undefined) {
    known = hash(canonical([at.op, at.inputs.map(key)]));
    keys.set(at, known);
  }
  return known;
}

/** Edits as they are written, without what their SAEs' files hold. */
function writtenEdits(edits: readonly Edit[] | undefined): unknown {
  return edits?.map(({ sae: { digest: _, ...sae }, ...edit }) => ({ ...edit, sae }));
}

/** The op without the content it read: file digests out, so that a sample follows the text of a script. */
function written(op: Op): unknown {
  switch (op.op) {
    case "read": {
      const { digest: _, ...rest } = op;
      return rest;
    }
    case "forward":
    case "logits":
      return { ...op, model: op.model.name, edits: writtenEdits(op.edits) };
    case "chat": {
      const { template, tokens: _, ...rest } = op;
      return { ...rest, template: template?.name ?? null, model: op.model.name };
    }
    case "tokenize":
    case "chunk":
    case "promotes":
      return { ...op, model: op.model.name };
    case "memorize": {
      // The rows are the same with and without a beginning-of-text token, and so is a sample of them. The name is an older one: samples stay.
      const { bos: _, ...rest } = op;
      return { ...rest, op: "generate", model: op.model.name, edits: writtenEdits(op.edits) };
    }
    case "generate": {
      const { bos: _, ends: __, ...rest } = op;
      return { ...rest, model: op.model.name, edits: writtenEdits(op.edits) };
    }
    default:
      return op;
  }
}

/**
 * The canonical text of a plan, hashed: what the seed of a sample depends on. Names of `let`s are already replaced by
 * what they stand for, so renaming a `let` or editing another line never moves a sample.
 */
export function textKey(plan: Plan): string {
  const at = source(plan);
  let known = texts.get(at);
  if (known === undefined) {
    known = hash(canonical([written(at.op), at.inputs.map(textKey)]));
    texts.set(at, known);
  }
  return known;
}

/**
 * The same of rows that a model draws behind: of one of named groups, as if the stages between stood behind that group alone. Groups of one model edited in
 * several ways are read one by one, and where their rows are the same they are drawn behind by the same numbers.
 */
export function streamKey(plan: Plan): string {
  const { op, inputs } = source(plan);
  if (op.op !== "member") return textKey(plan);
  const behind = (at: Plan): Plan => {
    const from = source(at);
    if (from.op.op === "group") return from.inputs[op.index]!;
    const [first, ...others] = from.inputs;
    return first === undefined ? from : { ...from, inputs: [behind(first), ...others] };
  };
  return textKey(behind(inputs[0]!));
}

/** What the streams of all samples of one seed begin with. */
export function streamStart(seed: string): string {
  return `saeq/1|${seed}|`;
}
