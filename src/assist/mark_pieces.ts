/** Without this file colours, hovers and definitions of a long script would be worked out anew for all of it at each key. */
import type { Piece } from "../../grammar/pieces.ts";
import { checkStatement, ownCopy } from "../check/check.ts";
import { Asked, Reading, valueOf, type Before, type Checked, type PiecewiseCheck } from "../check/piecewise.ts";
import type { Names } from "../check/names.ts";
import { reportOn, type Facts, type Scope } from "../check/scope.ts";
import type { Settings } from "../stages/stage.ts";
import type { Declaration, Mark } from "./mark.ts";
import { noNames, readMarks, type Growing, type Walk } from "./marks.ts";
import type { StandIns } from "./stand_ins.ts";

const KINDS = ["relations", "params", "stages"] as const satisfies readonly (keyof Growing)[];

/** What was marked in a piece, and what of its surroundings that depends on. */
export interface Marked {
  /** Places count from the start of the piece. */
  readonly marks: readonly Mark[];
  readonly given: readonly (readonly [kind: keyof Growing, made: Declaration])[];
  /** The check that came with it. */
  readonly bound: Checked["bound"];
  readonly facts: Asked["found"];
  readonly scope: Read & { readonly settings: Settings };
  readonly names: Read;
  /** Stands for all declarations up to here. */
  readonly after: object;
}

/** Names and settings that were read, by key (null: all), and what stands for all there were. */
interface Read {
  readonly all: object;
  readonly found: Reading["found"];
}

export type MarkMemory = Map<Piece, Marked>;

/** Marks the pieces in order, those again of which anything changed that their marks depend on. */
export class PiecewiseMarks {
  readonly of: Marked[] = [];
  readonly #pieces: readonly Piece[];
  readonly #check: PiecewiseCheck;
  readonly #memory: MarkMemory;
  readonly #facts: Facts;
  readonly #params: StandIns;
  readonly #names = noNames();
  #declared: object;
  #index = 0;

  constructor(pieces: readonly Piece[], check: PiecewiseCheck, memory: MarkMemory, facts: Facts, params: StandIns) {
    this.#pieces = pieces;
    this.#check = check;
    this.#memory = memory;
    this.#facts = facts;
    this.#params = params;
    this.#declared = memory;
  }

  /** Mark at least so many pieces. */
  advance(count = this.#pieces.length): this {
    this.#check.advance(count);
    while (this.of.length < Math.min(count, this.#pieces.length)) this.#next(this.#pieces[this.of.length]!);
    if (this.of.length === this.#pieces.length && this.#memory.size > 2 * this.#pieces.length) this.#forget();
    return this;
  }

  #next(piece: Piece): void {
    const at = this.of.length;
    const checked = this.#check.of[at]!;
    const before = this.#check.before[at]!;
    const known = this.#memory.get(piece);
    const kept = known === undefined ? null : this.#again(known, checked, before, at);
    const marked = kept ?? this.#mark(piece, checked, before, at);
    if (kept !== null) for (const [kind, made] of kept.given) this.#names[kind].bind(made.name, made);
    if (marked !== known) this.#memory.set(piece, marked);
    this.of.push(marked);
    this.#declared = marked.after;
    this.#index += piece.script.statements.length;
  }

  #again(known: Marked, checked: Checked, { names, settings }: Before, at: number): Marked | null {
    if (known.bound !== checked.bound) return null;
    if (known.facts.size > 0) for (const [key, value] of known.facts) if (this.#facts.get(key) !== value) return null;
    const [sameScope, sameNames] = [known.scope.all === names && known.scope.settings === settings, known.names.all === this.#declared];
    if (sameScope && sameNames) return known;
    if (!sameScope && !holds(known.scope.found, this.#check.scopeBefore(at))) return null;
    if (!sameNames && !holds(known.names.found, this.#names)) return null;
    const after = known.given.length === 0 ? this.#declared : sameNames ? known.after : {};
    return { ...known, scope: { ...known.scope, all: names, settings }, names: { ...known.names, all: this.#declared }, after };
  }

  #mark(piece: Piece, { bound }: Checked, before: Before, at: number): Marked {
    const [scopeRead, namesRead] = [new Reading(), new Reading()];
    const asked = new Asked(this.#facts);
    const given: (readonly [keyof Growing, Declaration])[] = [];
    const names = Object.fromEntries(KINDS.map((kind) => [kind, namesRead.of(kind, this.#names[kind], (_, made) => void given.push([kind, made]))])) as unknown as Growing;
    const marks = readMarks(piece.script, piece.text, asked as unknown as Facts, this.#walk(piece, at, scopeRead), names);
    // Several statements of one line see each other's names, which nobody writes down.
    const several = piece.script.statements.length > 1;
    return { marks, given, bound, facts: asked.found, scope: { all: before.names, settings: before.settings, found: several ? null : scopeRead.found }, names: { all: this.#declared, found: several ? null : namesRead.found }, after: given.length === 0 ? this.#declared : {} };
  }

  #walk(piece: Piece, at: number, reading: Reading): Walk {
    const before = this.#check.scopeBefore(at);
    const { statements } = piece.script;
    return (visit) => {
      if (statements.length > 1) {
        return statements.reduce<Scope>((scope, statement, i) => {
          visit(i, scope);
          return checkStatement(statement, this.#index + i, scope, { ...reportOn(piece.text), unread: piece.diagnostics }, { facts: this.#facts, params: this.#params, interactive: false }, [], []);
        }, ownCopy(before));
      }
      if (statements.length === 1) visit(0, { ...before, ...Object.fromEntries(KINDS.map((kind) => [kind, reading.of(kind, before[kind] as Names<unknown>)])), settings: reading.ofSettings(before.settings) });
      return this.#check.scopeBefore(at + 1);
    };
  }

  #forget(): void {
    const there = new Set(this.#pieces);
    for (const piece of this.#memory.keys()) if (!there.has(piece)) this.#memory.delete(piece);
  }
}

function holds(read: Reading["found"], now: Parameters<typeof valueOf>[0] | Growing): boolean {
  if (read === null) return false;
  for (const [key, value] of read) if (valueOf(now as Parameters<typeof valueOf>[0], key) !== value) return false;
  return true;
}
