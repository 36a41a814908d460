/** Without this file each changed letter of a script would mean that all of its statements are checked again. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Piece } from "../../grammar/pieces.ts";
import type { Plan } from "../ops/op.ts";
import type { Settings, StageDefinition } from "../stages/stage.ts";
import { checkStatement, ownCopy, type CheckedPipeline } from "./check.ts";
import { MOST_WRITTEN_OUT_IN_ALL } from "./expansions.ts";
import { Names, type Watcher } from "./names.ts";
import { REWORDED } from "./reworded.ts";
import { MOST_COMPARED, reportOn, type Facts, type Need, type ParamValue, type Scope } from "./scope.ts";

/** The names of a scope by what they stand for. */
interface Kinds {
  readonly relations: Plan;
  readonly params: ParamValue;
  readonly stages: StageDefinition;
  readonly absent: true;
}
const KINDS = ["relations", "params", "stages", "absent"] as const satisfies readonly (keyof Kinds)[];
export type Kind = (typeof KINDS)[number];
export type Own = Scope & { readonly [K in Kind]: Names<Kinds[K]> };

/** What a piece came to, and everything of its surroundings that it depends on. */
export interface Checked {
  /** Places count from the start of the piece. */
  readonly diagnostics: readonly Diagnostic[];
  /** Mistakes of grammar that were told in better words here. */
  readonly withdrawn: readonly Diagnostic[];
  readonly needs: ReadonlyMap<string, Need>;
  readonly plans: readonly Plan[];
  readonly bound: readonly (readonly [kind: Kind, name: string, value: unknown])[];
  /** Where it changes them. */
  readonly settings: Settings | null;
  readonly depends: Dependence;
  /** Stages that its calls stand for. */
  readonly writtenOut: number;
  /** That there are too many depends on all that stand before. */
  readonly refuses: boolean;
  /** What is wrong with a model or an SAE is told where it was set. */
  readonly elsewhere: boolean;
}

interface Dependence {
  /** All that was bound before, in order: the same object stands for the same names and values. */
  readonly names: object;
  readonly settings: Settings;
  /** What of both was read; null: all of it. */
  readonly read: ReadonlyMap<string, unknown> | null;
  readonly first: boolean;
  readonly facts: ReadonlyMap<string, ReturnType<Facts["get"]>>;
  /** Facts that are not to be had, and whether that was told before. */
  readonly told: ReadonlyMap<string, boolean>;
  /** What was bound behind it. */
  readonly after: object;
}

export interface PiecewiseOptions {
  readonly start: Scope;
  readonly facts: Facts;
  readonly params: Readonly<Record<string, string>>;
  /** Mistakes of grammar that will be told with those found here. */
  readonly before: number;
}

/** What is known of pieces from one check to the next, as long as what is there before the first stays the same. */
export type Memory = Map<Piece, Checked>;

/** What was there before a piece: how often something of each kind was bound, the settings, and what stands for all names and values. */
export interface Before {
  readonly times: Readonly<Record<Kind, number>>;
  readonly settings: Settings;
  readonly names: object;
}

/** Checks the pieces in order, those again of which anything changed that they depend on. What comes of it is what a check of the whole gives. */
export class PiecewiseCheck {
  readonly of: Checked[] = [];
  readonly before: Before[] = [];
  /** Names of the pieces checked so far, and the settings behind them. */
  scope: Own;
  /** The places and words of mistakes are those of a check of the whole. */
  told = true;
  /** So is everything else. */
  sure = true;
  readonly #pieces: readonly Piece[];
  readonly #memory: Memory;
  readonly #options: PiecewiseOptions;
  readonly #failed = new Set<string>();
  #names: object;
  #index = 0;
  #mistakes: number;
  #writtenOut = 0;

  constructor(pieces: readonly Piece[], memory: Memory, options: PiecewiseOptions) {
    this.#pieces = pieces;
    this.#memory = memory;
    this.#options = options;
    this.#names = memory;
    this.#mistakes = options.before;
    this.scope = ownCopy(options.start) as Own;
  }

  /** Check at least so many pieces; all of them where no number is given. */
  advance(count = this.#pieces.length): this {
    while (this.of.length < Math.min(count, this.#pieces.length)) this.#next(this.#pieces[this.of.length]!);
    if (this.of.length === this.#pieces.length && this.#memory.size > 2 * this.#pieces.length + MOST_FORGOTTEN) this.#forget();
    return this;
  }

  #next(piece: Piece): void {
    const { scope } = this;
    const { facts } = this.#options;
    const last = this.before.at(-1);
    const unchanged = last !== undefined && last.names === this.#names && last.settings === scope.settings;
    this.before.push(unchanged ? last : { times: { relations: scope.relations.times, params: scope.params.times, stages: scope.stages.times, absent: scope.absent.times }, settings: scope.settings, names: this.#names });
    const known = this.#memory.get(piece);
    const place = { names: this.#names, scope, first: this.#index === 0, facts, told: this.#failed };
    const kept = known === undefined ? null : again(known, place);
    const checked = kept ?? checkPiece(piece, this.#index, place, this.#options);
    if (kept !== null) for (const [kind, name, value] of kept.bound) (scope[kind] as Names<unknown>).bind(name, value);
    if (checked !== known) this.#memory.set(piece, checked);
    this.of.push(checked);
    this.#mistakes += checked.diagnostics.length;
    this.#writtenOut += checked.writtenOut;
    if (checked.elsewhere || this.#mistakes >= MOST_COMPARED) this.told = false;
    if (checked.refuses || this.#writtenOut > MOST_WRITTEN_OUT_IN_ALL) this.sure = false;
    if (checked.depends.told.size > 0) for (const key of checked.depends.told.keys()) this.#failed.add(key);
    if (checked.settings !== null) this.scope = { ...scope, settings: checked.settings };
    this.#names = checked.depends.after;
    this.#index += piece.script.statements.length;
  }

  /** What is known of pieces that are not there any more. */
  #forget(): void {
    const there = new Set(this.#pieces);
    for (const piece of this.#memory.keys()) if (!there.has(piece)) this.#memory.delete(piece);
  }

  /** Names and settings before a piece, or behind the last. */
  scopeBefore(piece: number): Own {
    this.advance(piece);
    const at = this.before[piece];
    if (at === undefined) return this.scope;
    const { relations, params, stages, absent } = this.scope;
    return { ...this.scope, relations: relations.asOf(at.times.relations), params: params.asOf(at.times.params), stages: stages.asOf(at.times.stages), absent: absent.asOf(at.times.absent), settings: at.settings };
  }
}

/** So many pieces that are gone are remembered: what is typed is often taken back. */
const MOST_FORGOTTEN = 1000;

/** Names as those who read or bind them are told of: `r rows`, `p n`, `s few`, `a lib`; a setting is `t seed`. */
const keyOf = (kind: Kind, name: string): string => `${kind[0]} ${name}`;

interface Surroundings {
  readonly names: object;
  readonly scope: Own;
  readonly first: boolean;
  readonly facts: Facts;
  readonly told: ReadonlySet<string>;
}

/** What a piece came to, where it would come to the same here. */
function again(known: Checked, { names, scope, first, facts, told }: Surroundings): Checked | null {
  const { depends } = known;
  if (depends.first !== first) return null;
  if (depends.facts.size > 0) for (const [key, value] of depends.facts) if (facts.get(key) !== value) return null;
  if (depends.told.size > 0) for (const [key, was] of depends.told) if (told.has(key) !== was) return null;
  const sameNames = depends.names === names;
  if (sameNames && depends.settings === scope.settings) return known;
  if (depends.read === null) return null;
  for (const [key, value] of depends.read) if (valueOf(scope, key) !== value) return null;
  return { ...known, depends: { ...depends, names, settings: scope.settings, after: sameNames ? depends.after : known.bound.length === 0 ? names : {} } };
}

/** What a name that was read stands for. */
export function valueOf(scope: Pick<Scope, Kind | "settings">, key: string): unknown {
  const name = key.slice(2);
  if (key[0] === "t") return scope.settings[name as keyof Settings];
  if (key[0] === "a") return scope.absent.get(name);
  return key[0] === "r" ? scope.relations.get(name) : key[0] === "p" ? scope.params.get(name) : scope.stages.get(name);
}

function checkPiece(piece: Piece, firstIndex: number, { names, scope, facts, told: toldBefore }: Surroundings, { params }: PiecewiseOptions): Checked {
  const bound: (readonly [Kind, string, unknown])[] = [];
  const reading = new Reading();
  const watched = <K extends Kind>(kind: K): Names<Kinds[K]> => reading.of(kind, scope[kind] as Names<Kinds[K]>, (name, value) => void bound.push([kind, name, value]));
  const asked = new Asked(facts);
  const told = new Told(toldBefore);
  const reworded = piece.diagnostics.filter(({ code }) => REWORDED.has(code));
  const report = { ...reportOn(piece.text, reworded), unread: piece.diagnostics, told };
  const pipelines: CheckedPipeline[] = [];
  const inner: Own = { ...scope, relations: watched("relations"), params: watched("params"), stages: watched("stages"), absent: watched("absent"), settings: reading.ofSettings(scope.settings) };
  let after: Scope = inner;
  for (const [i, statement] of piece.script.statements.entries()) after = checkStatement(statement, firstIndex + i, after, report, { facts: asked as unknown as Facts, params, interactive: false }, pipelines, []);
  // A `use` makes a scope of its own.
  for (const kind of KINDS) {
    if (after[kind] === inner[kind]) continue;
    for (const [name, value] of after[kind]) {
      if (scope[kind].get(name) === value) continue;
      (scope[kind] as Names<unknown>).bind(name, value);
      bound.push([kind, name, value]);
    }
  }
  const { before, stages } = report.expansions;
  const depends: Dependence = { names, read: reading.found, settings: scope.settings, first: firstIndex === 0, facts: asked.found, told: told.asked, after: bound.length === 0 ? names : {} };
  const diagnostics = report.diagnostics.filter((each) => !reworded.includes(each));
  const withdrawn = reworded.filter((each) => !report.diagnostics.includes(each));
  return { diagnostics, withdrawn, needs: report.needs, plans: pipelines.map(({ plan }) => plan), bound, settings: after.settings === inner.settings ? null : after.settings, depends, writtenOut: before + stages, refuses: diagnostics.some(({ code }) => code === "too-many-stages"), elsewhere: [...told.asked.keys()].some((key) => /^\{"kind":"(?:model|sae)"/.test(key)) };
}

/** Which names and settings are read, and what they stood for when they were read first. */
export class Reading {
  readonly #found = new Map<string, unknown>();
  #all = false;

  /** Names of a kind that are watched from now on. */
  of<T>(kind: Kind, names: Names<T>, bound: Watcher<T>["bound"] = () => {}): Names<T> {
    const read = (name: string | null): void => {
      if (name === null) this.#all = true;
      else if (!this.#found.has(keyOf(kind, name))) this.#found.set(keyOf(kind, name), names.get(name));
    };
    return names.watched({ read, bound });
  }

  /** Settings that are watched from now on. */
  ofSettings(settings: Settings): Settings {
    return new Proxy(settings, {
      get: (all, name) => {
        const value: unknown = Reflect.get(all, name);
        if (typeof name === "string" && !this.#found.has(`t ${name}`)) this.#found.set(`t ${name}`, value);
        return value;
      },
      // Whoever copies them reads them all.
      ownKeys: (all) => {
        this.#all = true;
        return Reflect.ownKeys(all);
      },
    });
  }

  /** By key; null: all of them. */
  get found(): ReadonlyMap<string, unknown> | null {
    return this.#all ? null : this.#found;
  }
}

/** Facts, and what of them was asked for. */
export class Asked {
  readonly found = new Map<string, ReturnType<Facts["get"]>>();
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  get(key: string): ReturnType<Facts["get"]> {
    const found = this.#facts.get(key);
    this.found.set(key, found);
    return found;
  }
}

/** What cannot be had and was told, with what was told before. */
class Told extends Set<string> {
  readonly asked = new Map<string, boolean>();
  readonly #before: ReadonlySet<string>;

  constructor(before: ReadonlySet<string>) {
    super();
    this.#before = before;
  }

  override has(key: string): boolean {
    const before = this.#before.has(key);
    this.asked.set(key, before);
    return before || super.has(key);
  }
}
