/** Without this file an editor would wait for all of a long script to be read and checked at each key. */
import type { Statement } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { moved } from "../../grammar/moved.ts";
import { pieceAt, parsedOf, readPieces, syntaxOf, type Pieces } from "../../grammar/pieces.ts";
import { checkStatement, ownCopy } from "../check/check.ts";
import { PiecewiseCheck, type Checked, type Memory } from "../check/piecewise.ts";
import { REWORDED } from "../check/reworded.ts";
import type { Steps } from "../check/in_steps.ts";
import { reportOn, type Need, type Scope } from "../check/scope.ts";
import { analyse, once, type Analysis, type MarkedPart, type Part, type Runs, type Surroundings } from "./analyse.ts";
import type { Declaration, Mark } from "./mark.ts";
import { PiecewiseMarks, type MarkMemory } from "./mark_pieces.ts";
import { asksFor, sound, standIns, type StandIns } from "./stand_ins.ts";

/** Reads one text after another, each as `analyse` would, and keeps what the next one has in common with the last. */
export function createReader(): (text: string, around: Surroundings) => Analysis {
  let pieces: Pieces | null = null;
  let kept: Kept | null = null;
  return (text, around) => {
    pieces = readPieces(text, pieces);
    const stand = standIns(paramsOf(pieces));
    if (kept === null || !sameStart(kept, around.scope, stand)) kept = { memory: new Map(), marks: new Map(), start: around.scope, stand };
    return new Live(pieces, around, kept);
  };
}

function paramsOf({ pieces }: Pieces): Statement[] {
  const found: Statement[] = [];
  for (const { script } of pieces) for (const each of script.statements) if (each.kind === "param") found.push(each);
  return found;
}

/** What was found out of pieces, and what all of it rests on. */
interface Kept {
  readonly memory: Memory;
  readonly marks: MarkMemory;
  readonly start: Scope;
  readonly stand: StandIns;
}

function sameStart({ start, stand }: Kept, scope: Scope, values: StandIns): boolean {
  return start.standard === scope.standard && start.relations === scope.relations && start.params === scope.params && start.stages === scope.stages && start.settings === scope.settings && start.base === scope.base && JSON.stringify(stand) === JSON.stringify(values);
}

/** What `analyse` tells of a text, from its pieces where they tell, else from the whole. */
class Live implements Analysis {
  readonly text: string;
  readonly around: Surroundings;
  readonly syntax: readonly Diagnostic[];
  readonly #pieces: Pieces;
  readonly #stand: StandIns;
  readonly #check: PiecewiseCheck;
  readonly #marks: PiecewiseMarks;

  constructor(pieces: Pieces, around: Surroundings, { memory, marks, start, stand }: Kept) {
    this.text = pieces.text;
    this.around = around;
    this.syntax = syntaxOf(pieces);
    this.#pieces = pieces;
    this.#stand = stand;
    this.#check = new PiecewiseCheck(pieces.pieces, memory, { start, facts: around.facts, params: stand, before: this.syntax.length });
    this.#marks = new PiecewiseMarks(pieces.pieces, this.#check, marks, around.facts, stand);
  }

  readonly script = once(() => parsedOf(this.#pieces).script);
  readonly #whole = once(() => analyse(this.text, this.around, { script: this.script(), diagnostics: this.syntax }));

  readonly parts = once((): readonly Part[] => this.#pieces.pieces.map(({ text, script, notes }, i) => ({ start: this.#pieces.starts[i]!, text, script, notes })));

  readonly diagnostics = once((): readonly Diagnostic[] => {
    const { of, told, sure } = this.#check.advance();
    if (!told || !sure) return this.#whole().diagnostics();
    const found = [...sound(this.#stillTold(of), this.text, this.#stand)];
    for (const [i, { diagnostics }] of of.entries()) if (diagnostics.length > 0) found.push(...moved(sound(diagnostics, this.#pieces.pieces[i]!.text, this.#stand), this.#pieces.starts[i]!));
    return found.sort((a, b) => a.span.start - b.span.start);
  });

  /** Mistakes of grammar, without those that the checker tells in better words. */
  #stillTold(of: readonly Checked[]): readonly Diagnostic[] {
    const withdrawn = new Set(of.flatMap((each, i) => each.withdrawn.map(({ span }) => span.start + this.#pieces.starts[i]!)));
    return this.syntax.filter(({ code, span }) => !REWORDED.has(code) || !withdrawn.has(span.start));
  }

  readonly needs = once((): readonly Need[] => {
    const { of, sure } = this.#check.advance();
    if (!sure) return this.#whole().needs();
    const needs = new Map<string, Need>();
    for (const each of of) for (const [key, need] of each.needs) if (!needs.has(key)) needs.set(key, need);
    return asksFor(needs);
  });

  readonly runs = once((): Runs => {
    const { of, scope, sure } = this.#check.advance();
    return sure ? { parts: this.parts(), pipelines: of.flatMap(({ plans }) => plans.map((written) => ({ written }))), scope } : this.#whole().runs();
  });

  readonly scopeBefore = (index: number): Scope => {
    const firsts = this.#firsts();
    const piece = pieceAt({ starts: firsts }, index);
    const first = firsts[piece] ?? 0;
    const at = this.#check.scopeBefore(piece);
    if (!this.#check.sure) return this.#whole().scopeBefore(index);
    // Several statements may stand on one line.
    const { text, script, diagnostics } = this.#pieces.pieces[piece] ?? { text: "", script: { statements: [] }, diagnostics: [] };
    const before = script.statements.slice(0, index - first);
    return before.length === 0 ? at : before.reduce<Scope>((scope, statement, i) => checkStatement(statement, first + i, scope, { ...reportOn(text), unread: diagnostics }, { facts: this.around.facts, params: this.#stand, interactive: false }, [], []), ownCopy(at));
  };

  /** How many statements stand before each piece. */
  readonly #firsts = once((): readonly number[] => {
    let before = 0;
    return this.#pieces.pieces.map(({ script }) => {
      const first = before;
      before += script.statements.length;
      return first;
    });
  });

  readonly markedParts = once((): readonly MarkedPart[] => {
    const { of } = this.#marks.advance();
    const { pieces, starts, open } = this.#pieces;
    return this.#check.sure ? of.map(({ marks }, i) => ({ start: starts[i]!, text: pieces[i]!.text, marks, open })) : this.#whole().markedParts();
  });

  readonly marks = once((): readonly Mark[] => this.markedParts().flatMap(({ marks, start }) => placed(marks, start)));

  readonly marksAround = (offset: number): readonly Mark[] => {
    const piece = pieceAt(this.#pieces, offset);
    this.#marks.advance(piece + 1);
    return this.#check.sure ? placed(this.#marks.of[piece]?.marks ?? [], this.#pieces.starts[piece] ?? 0) : this.#whole().marksAround(offset);
  };

  *steps(what: "mistakes" | "marks", until = this.text.length): Steps<void> {
    const last = pieceAt(this.#pieces, until) + 1;
    for (let count = Math.min(STEP, last); ; count = Math.min(count + STEP, last)) {
      (what === "marks" ? this.#marks : this.#check).advance(count);
      if (count === last) return;
      yield;
    }
  }

  readonly startOf = (declaration: Declaration): number => {
    const piece = this.#marks.of.findIndex(({ marks }) => marks.some(({ declares, target }) => declares && target === declaration));
    return this.#pieces.starts[piece] ?? 0;
  };
}

/** So many pieces are a step: a few milliseconds at most. */
const STEP = 50;

/** Marks in places of the whole text; what they lead to stays in its own. */
function placed(marks: readonly Mark[], start: number): readonly Mark[] {
  return start === 0 ? marks : marks.map((mark) => ({ ...mark, span: moved(mark.span, start) }));
}
