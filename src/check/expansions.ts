/** Without this file definitions that use one another twice would be checked twice at each level, which doubles with every one of them. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Plan } from "../ops/op.ts";
import { UNKNOWN } from "../ops/schema.ts";
import type { Access, Scope } from "./scope.ts";

/** More stages than this that definitions stand for, in one statement, are refused: each of them may be written out in many ways. */
export const MOST_WRITTEN_OUT = 10_000;
/** More than this in all statements of one source. */
export const MOST_WRITTEN_OUT_IN_ALL = 500_000;
/** Definitions that call one another deeper than this are refused. */
export const MOST_NESTED = 100;
/** Modules that use one another deeper than this are refused. */
export const MOST_MODULES_NESTED = 50;
/** More names than this that modules bring with them, those of modules that they use counted, are refused. */
export const MOST_NAMES = 50_000;
/** Mistakes of one call that are told at most. */
export const MOST_OF_A_CALL = 10;
/** Notes of a mistake in a body that are told at most, from the call and from the mistake. */
const MOST_NOTES = [3, 5] as const;

/** What helps where there are too many stages. */
export const HALVED = '`save "half.csv"` half-way, and another pipeline that goes on from that file, does the same';

/** What a call of a definition came to, for all calls with the same input, arguments and settings. */
export interface Expansion {
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly accesses: readonly Access[];
}

/** A module that was read: what it defines, and its mistakes. */
export interface ReadModule {
  readonly scope: Scope;
  readonly mistakes: readonly Diagnostic[];
}

/** Calls of definitions, and modules that were read, while one source is checked. */
export interface Expansions {
  readonly modules: Map<string, ReadModule>;
  readonly made: Map<object, Map<string, Expansion>>;
  /** Calls that are being written out, one inside the other. */
  nested: number;
  /** Stages written out in this statement. */
  stages: number;
  /** In those before it. */
  before: number;
  /** Why the outermost call is refused, of its name. */
  refused: ((name: string) => string) | null;
  /** Whether that was said in this statement. */
  told: boolean;
}

export function noExpansions(): Expansions {
  return { modules: new Map(), made: new Map(), nested: 0, stages: 0, before: 0, refused: null, told: false };
}

/** Another statement: it may stand for as much as the one before, until all together are too many. */
export function nextStatement(expansions: Expansions): void {
  const before = expansions.before + expansions.stages;
  Object.assign(expansions, { before, stages: 0, told: expansions.told && before > MOST_WRITTEN_OUT_IN_ALL });
}

const names = new WeakMap<object, number>();
let named = 0;

/** A number for an object, the same whenever it is asked for. */
export function nameOf(object: object): number {
  const known = names.get(object);
  if (known !== undefined) return known;
  names.set(object, ++named);
  return named;
}

/** What stands for a stage with a mistake, or for an input that nobody knows yet, is the same wherever it stands. */
function planName(plan: Plan): string {
  return plan.schema === UNKNOWN && plan.inputs.length === 0 ? "?" : String(nameOf(plan));
}

function valueName(value: unknown): unknown {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `#${value}`;
  if (!Array.isArray(value)) return value;
  return value.map((each: unknown) => (typeof each === "object" && each !== null && "plan" in each ? planName(each.plan as Plan) : valueName(each)));
}

/** Notes of a mistake many calls or modules deep: the first and the last. */
export function shortened(notes: readonly string[]): readonly string[] {
  const [first, last] = MOST_NOTES;
  const told = notes.filter((note) => note !== "…");
  return told.length <= first + last ? notes : [...told.slice(0, first), "…", ...told.slice(-last)];
}

/** Tells calls of one definition apart. */
export function callKey(values: Readonly<Record<string, unknown>>, input: Plan | null, settings: object): string {
  return JSON.stringify([input === null ? null : planName(input), nameOf(settings), Object.entries(values).map(([name, value]) => [name, valueName(value)])]);
}
