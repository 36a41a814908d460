/** Without this file a page, a Markdown file and a notebook would each gather a run in their own way. */
import { parse } from "../../grammar/parse.ts";
import { openingDoc } from "../subcommands/script_help.ts";
import type { Output } from "./outputs.ts";
import type { Provenance } from "./provenance.ts";

/** A script, what it gave and what that depends on. Nothing in it says who ran it, where, or when. */
export interface Report {
  readonly title: string;
  readonly cells: readonly Cell[];
  /** What was said while it ran: the seed chosen, rows short of a sample. */
  readonly notes: readonly string[];
  readonly provenance: Provenance;
  /** How its inputs differ from those of a record; empty where they do not, null where there is no record. */
  readonly stale: readonly string[] | null;
}

/** Statements up to one that gives results, and the results. */
export interface Cell {
  /** The `##` lines it begins with. */
  readonly prose: string;
  readonly source: string;
  readonly outputs: readonly Output[];
}

/** A piece of the script, from offset `from` to `to`. */
export interface Piece {
  readonly prose: string;
  readonly source: string;
  readonly from: number;
  readonly to: number;
}

/** The script in pieces that end with each pipeline; nothing but blank lines is left out. */
export function piecesOf(text: string): readonly Piece[] {
  const ends = parse(text).script.statements.filter(({ kind }) => kind === "pipelineStatement").map(({ span }) => lineEnd(text, span.end));
  const pieces: Piece[] = [];
  let from = 0;
  for (const to of [...new Set([...ends, text.length])]) {
    const piece = pieceOf(text, from, to);
    if (piece !== null) pieces.push(piece);
    from = to;
  }
  return pieces;
}

function pieceOf(text: string, from: number, to: number): Piece | null {
  const body = text.slice(from, to).replace(/^(?:[ \t]*\r?\n)+/, "").trimEnd();
  if (body === "") return null;
  const prose = /^(?:##[^\n]*(?:\n|$))+/.exec(body)?.[0] ?? "";
  const source = body.slice(prose.length).replace(/^\n+/, "");
  const lines = prose.split("\n").map((line) => line.replace(/^##[ \t]?/, "").trimEnd());
  // What a file is about is its title already.
  const told = from === 0 && lines[0]?.trim() === titleOf(text, "") ? lines.slice(1) : lines;
  return { prose: told.join("\n").trim(), source, from, to };
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** The first line of what a script says of itself, else its name. */
export function titleOf(text: string, name: string): string {
  const first = openingDoc(text).split("\n")[0]?.trim() ?? "";
  return first === "" ? name.replace(/\.saeq$/, "") : first;
}
