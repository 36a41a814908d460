/** Without this file `set` would not know its keys. */
import type { Arg } from "../../grammar/ast.ts";
import { cover, type Span } from "../../grammar/span.ts";
import { OPENVINO } from "../ops/openvino.ts";
import type { ScalarLiteral } from "../ops/scalar.ts";
import type { Settings } from "../stages/stage.ts";
import { constant, single } from "./constant.ts";
import type { Hint } from "./misplaced.ts";
import { quotedParams } from "./quoted_params.ts";
import { error, type Access, type Report, type Scope } from "./scope.ts";
import { listed, nearest } from "./suggest.ts";

interface SettingSpec {
  readonly doc: string;
  readonly value: string;
  /** Which numbers it takes, where not all of them. */
  readonly range?: string;
  /** What it is where nothing sets it: what would be written, where that can be. */
  readonly unset: string;
  /** For a value that is no word of `value`. */
  readonly example?: string;
  /** Lines for its page, behind the one that sets it: what each is for, and the line. */
  readonly more?: readonly (readonly [title: string, line: string])[];
  /** Null: the value does not fit. */
  readonly apply: (settings: Settings, values: readonly ScalarLiteral[]) => Settings | null;
  readonly show: (settings: Settings) => string;
  readonly checkpoint?: "model" | "sae";
}

const whole = (value: ScalarLiteral | undefined, least: number): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= least;
const oneInt = (key: "lanes" | "threads" | "batch" | "memory", most = Number.MAX_SAFE_INTEGER) => (settings: Settings, [value]: readonly ScalarLiteral[]): Settings | null => (whole(value, 1) && value <= most ? { ...settings, [key]: value } : value === "auto" ? { ...settings, [key]: null } : null);

/** With another model; an SAE belongs to one, and what was set for this one before is set again. */
function ofModel(settings: Settings, model: string): Settings {
  if (model === settings.model) return settings;
  const saesOfModels = { ...settings.saesOfModels, [settings.model]: settings.sae };
  return { ...settings, model, sae: Object.hasOwn(saesOfModels, model) ? saesOfModels[model]! : [], saesOfModels };
}

/** Every key of `set`, with its help. */
export const SETTINGS: Readonly<Record<string, SettingSpec>> = {
  seed: {
    doc: "What every sample starts from; the same seed gives the same rows anywhere",
    value: "<number or text>",
    unset: "chosen for each run",
    example: "42",
    apply: (s, [v]) => (typeof v === "number" || typeof v === "string" ? { ...s, seed: String(v), seedGiven: true } : null),
    show: (s) => s.seed,
  },
  model: {
    doc: "The language model: hf:org/name@revision, or a folder in the hub's layout; the SAE that was set for it before comes back with it",
    value: '"<model>"',
    unset: '"kjv"',
    example: '"hf:org/name"',
    apply: (s, [v]) => (typeof v === "string" && v !== "" ? { ...ofModel(s, v), modelGiven: true } : null),
    show: (s) => s.model,
    checkpoint: "model",
  },
  sae: {
    doc: "The SAE, or several for several layers: names of the registry (saeq sae ls), hf:org/name/folder@revision, folders, or one file of a folder of several",
    value: '"<sae>", …',
    unset: '"kjv"',
    example: '"hf:org/name/folder"',
    apply: (s, v) => (v.length > 0 && v.every((each) => typeof each === "string" && each !== "") ? { ...s, sae: v as string[] } : null),
    show: (s) => s.sae.join(", "),
    checkpoint: "sae",
  },
  convention: {
    doc: "How an SAE is read where packages disagree: as OpenMOSS (Llama Scope's publisher), as sae_lens, as Neuronpedia (values times decoder norms), or as the package of its format",
    value: "openmoss|saelens|neuronpedia|publisher",
    unset: "that of the SAE's format",
    apply: (s, [v]) => (v === "openmoss" || v === "saelens" || v === "neuronpedia" || v === "publisher" ? { ...s, convention: v } : null),
    show: (s) => s.convention,
  },
  guard: {
    doc: "Whether an SAE is first tried on the model and refused where it does not fit",
    value: "on|off",
    unset: "on",
    apply: (s, [v]) => (v === "on" || v === true ? { ...s, guard: true } : v === "off" || v === false ? { ...s, guard: false } : null),
    show: (s) => (s.guard ? "on" : "off"),
  },
  bos: {
    doc: "Whether a beginning-of-text token comes first; the tokenizer decides where not set",
    value: "true|false",
    unset: "as the tokenizer does",
    apply: (s, [v]) => (typeof v === "boolean" ? { ...s, bos: v } : null),
    show: (s) => (s.bos === null ? "as the tokenizer does" : String(s.bos)),
  },
  threshold: {
    doc: "A feature counts as active above this value",
    value: "<number>",
    range: "at least 0",
    unset: "0",
    example: "0.5",
    apply: (s, [v]) => (typeof v === "number" && v >= 0 && Number.isFinite(v) ? { ...s, threshold: v } : null),
    show: (s) => String(s.threshold),
  },
  long: {
    doc: "What happens to a text longer than the model's context",
    value: "error|truncate",
    unset: "error",
    apply: (s, [v]) => (v === "error" || v === "truncate" ? { ...s, long: v } : null),
    show: (s) => s.long,
  },
  lanes: {
    doc: "Engine processes that texts are dealt out to; does not change results",
    value: "<int>|auto",
    // Each is a process: a script must not fill a machine with them.
    range: "1 to 64",
    unset: "auto",
    apply: oneInt("lanes", 64),
    show: (s) => (s.lanes === null ? "auto" : String(s.lanes)),
  },
  threads: {
    doc: "Threads of one engine process, at most as many as there are cores; auto: those that processes leave over. Does not change results on the CPU",
    value: "<int>|auto",
    range: "1 to 256",
    unset: "auto",
    apply: oneInt("threads", 256),
    show: (s) => (s.threads === null ? "auto" : String(s.threads)),
  },
  batch: {
    doc: "Texts per micro-batch; does not change results",
    value: "<int>|auto",
    range: "at least 1",
    unset: "auto",
    apply: oneInt("batch"),
    show: (s) => (s.batch === null ? "auto" : String(s.batch)),
  },
  memory: {
    doc: "Megabytes that saeq may take: batches and engine processes are chosen to stay below; does not change results",
    value: "<int>|auto",
    range: "at least 1",
    unset: "auto",
    example: "2000",
    apply: oneInt("memory"),
    show: (s) => (s.memory === null ? "auto" : String(s.memory)),
  },
  encode: {
    doc: "Whether an SAE's features are all computed, or screened in eight bits first; does not change results",
    value: "auto|dense|screened",
    unset: "auto",
    apply: (s, [v]) => (v === "auto" || v === "dense" || v === "screened" ? { ...s, encode: v } : null),
    show: (s) => s.encode,
  },
  cache: {
    doc: "Where activations are kept for later queries: nowhere, in memory while the session lasts, or on disk too; `residuals` keeps the residuals as well, so that another SAE needs no model",
    value: "off|memory|disk|residuals",
    unset: "disk",
    apply: (s, [v]) => (v === "off" || v === "memory" || v === "disk" || v === "residuals" ? { ...s, cache: v } : null),
    show: (s) => s.cache,
  },
  ep: {
    doc: "Where the model runs; auto takes a graphics card where there is one. Another one is another numerics class",
    value: "auto|cpu|webgpu|cuda|openvino",
    unset: "auto",
    more: [
      ["What works on this machine, and what is missing", "saeq doctor"],
      ["CUDA is added once", "saeq doctor --install cuda"],
      ["OpenVINO is a plugin of its own, added once, and named at every start", OPENVINO.install],
      ["", `saeq run --ep openvino --ep-library ${OPENVINO.library} script.saeq`],
      ["", "set ep openvino"],
    ],
    apply: (s, [v]) => (v === "auto" || v === "cpu" || v === "webgpu" || v === "cuda" || v === "openvino" ? { ...s, ep: v } : null),
    show: (s) => s.ep,
  },
  dtype: {
    doc: "Numbers the model computes in; an SAE computes in float32 always. Another one is another numerics class",
    value: "f32|f16|bf16|auto",
    unset: "auto",
    apply: (s, [v]) => (v === "f32" || v === "f16" || v === "bf16" ? { ...s, dtype: v } : v === "auto" ? { ...s, dtype: null } : null),
    show: (s) => s.dtype ?? "auto",
  },
  precision: {
    doc: "Significant digits shown in tables",
    value: "<int>",
    range: "from 1 to 17",
    unset: "4",
    example: "4",
    apply: (s, [v]) => (whole(v, 1) && v <= 17 ? { ...s, precision: v } : null),
    show: (s) => String(s.precision),
  },
};

/** What other tools call settings, and their values. */
const ALSO_CALLED: Readonly<Record<string, string>> = { device: "ep", provider: "ep", backend: "ep", precision_type: "dtype", torch_dtype: "dtype", random_state: "seed", random_seed: "seed", bos_token: "bos", prepend_bos: "bos", workers: "lanes", n_jobs: "lanes", digits: "precision", batch_size: "batch", torch_device: "ep" };
/** Values that are asked for by themselves, and the setting they belong to. */
const VALUES_OF: Readonly<Record<string, string>> = { openvino: "ep", cuda: "ep", webgpu: "ep", gpu: "ep", float32: "dtype", float16: "dtype", bfloat16: "dtype", f32: "dtype", f16: "dtype", bf16: "dtype" };
const VALUES_CALLED: Readonly<Record<string, string>> = { gpu: "auto", float32: "f32", fp32: "f32", float16: "f16", fp16: "f16", half: "f16", bfloat16: "bf16", all: "auto", default: "auto" };

/** The setting of that name, or that other tools call so; null where there is none. */
export function settingCalled(name: string): string | null {
  return Object.hasOwn(SETTINGS, name) ? name : Object.hasOwn(ALSO_CALLED, name) ? ALSO_CALLED[name]! : null;
}

/** The setting that has a page for this word: its name, what other tools call it, or one of its values. */
export function settingMeant(name: string): string | null {
  return settingCalled(name) ?? (Object.hasOwn(VALUES_OF, name.toLowerCase()) ? VALUES_OF[name.toLowerCase()]! : null);
}

/** A value as `set` takes it: a word of another tool as the one that is meant, a word in quotes without them. */
export function valueCalled(setting: string, written: string): string {
  const word = written.replace(/^(["'])(\w+)\1$/, "$2");
  const meant = Object.hasOwn(VALUES_CALLED, word.toLowerCase()) ? VALUES_CALLED[word.toLowerCase()]! : word;
  return SETTINGS[setting]!.value.split("|").includes(meant) ? meant : written;
}

/** The value that a word of another tool means. */
function meantValue(values: readonly ScalarLiteral[] | null, arg: Arg | undefined): Hint | null {
  const [word, ...more] = values ?? [];
  const meant = typeof word === "string" && more.length === 0 && Object.hasOwn(VALUES_CALLED, word.toLowerCase()) ? VALUES_CALLED[word.toLowerCase()]! : null;
  return meant === null || arg === undefined ? null : { label: `write \`${meant}\``, fix: { span: arg.span, text: meant } };
}

/** A value that a setting takes, as it would be typed: the first word of those it knows, else its example. */
export function pasteable({ value, example }: SettingSpec): string {
  return example ?? value.split("|").find((each) => /^\w+$/.test(each)) ?? value;
}

/** A `set` value: a literal, `$param`, or a bare word (`set ep auto`). */
function valueOf(arg: Arg, scope: Scope): readonly ScalarLiteral[] | null {
  const values: ScalarLiteral[] = [];
  for (const item of arg.items) {
    if (item.name !== null) return null;
    const word = item.value.kind === "name" && item.value.path.length === 1 ? item.value.path[0]! : constant(item.value, scope);
    if (word === undefined) return null;
    values.push(word);
  }
  return values;
}

/** `set key value [key value …]` → new settings. Mistakes are reported and leave the old value. */
export function applySet(args: readonly Arg[], scope: Scope, report: Report): Settings {
  let settings = scope.settings;
  for (let i = 0; i < args.length; i += 2) {
    const keyArg = args[i]!;
    const name = single(keyArg);
    const valueArg = args[i + 1];
    if (name === null || name.kind === "hole") return settings;
    const key = name.kind === "name" ? name.path.join(".") : "";
    const spec = Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined;
    const names = Object.keys(SETTINGS);
    if (spec === undefined) {
      if (key === "set" && valueArg !== undefined && i > 0) {
        error(report, keyArg.span, "unknown-setting", "several settings stand behind one `set`", { label: "leave it out", fix: { span: { start: keyArg.span.start, end: valueArg.span.start }, text: "" } });
        i--;
        continue;
      }
      const near = Object.hasOwn(ALSO_CALLED, key) ? ALSO_CALLED[key]! : nearest(key, names);
      const before = args[i - 1];
      if (name.kind === "num" && before !== undefined && args[i - 2] !== undefined) {
        const word = single(before);
        if (word?.kind === "name" && ["to", "as", "is"].includes(word.path.join("."))) {
          error(report, before.span, "unknown-setting", "the value of a setting stands right behind its name", { label: "leave it out", fix: { span: { start: before.span.start, end: keyArg.span.start }, text: "" } });
          return settings;
        }
      }
      if (name.kind === "str" && before !== undefined && single(args[i - 2]!)?.kind === "name" && before.items.at(-1)?.value.kind === "str") {
        error(report, keyArg.span, "unknown-setting", "a setting is a word", { label: "write a comma before it", fix: { span: { start: before.span.end, end: before.span.end }, text: "," } });
        return settings;
      }
      error(report, keyArg.span, "unknown-setting", key === "" ? "a setting is a word" : `no setting \`${key}\``, {
        ...(near === null ? {} : { label: `did you mean \`${near}\`?`, fix: { span: keyArg.span, text: near } }),
        notes: [`settings: ${listed(names, 20)}`],
      });
      continue;
    }
    const at: Span = valueArg === undefined ? keyArg.span : cover(keyArg.span, valueArg.span);
    const values = valueArg === undefined ? null : valueOf(valueArg, scope);
    const quoted = spec.checkpoint === undefined ? undefined : valueArg?.items.map((item) => quotedParams(item.value, scope)).find((each) => each !== null);
    if (quoted !== undefined && quoted !== null) {
      error(report, at, "wrong-setting", quoted.message, quoted.hint);
      continue;
    }
    const next = values === null ? null : spec.apply(settings, values);
    if (next === null) {
      error(report, at, "wrong-setting", `\`${key}\` takes ${spec.value}${spec.range === undefined ? "" : `, ${spec.range}`}`, { notes: [spec.doc], ...(meantValue(values, valueArg) ?? { help: `set ${key} ${pasteable(spec)}` }) });
      continue;
    }
    if (spec.checkpoint !== undefined) for (const [at, path] of (values ?? []).entries()) report.accesses.push({ access: "read", path: String(path), at: valueArg!.items[at]!.span, checkpoint: spec.checkpoint } satisfies Access);
    settings = next;
  }
  return settings;
}
