/** Without this file the stages that read tokens and those that edit them would each have words of their own for which. */
import type { Window } from "../../ops/op.ts";
import { oneOf, optionalInt, type ArgValues } from "../args.ts";
import type { Lowering } from "../stage.ts";

/** Which tokens of each document. */
export const WINDOW_ARGS = {
  last: optionalInt({ keyword: true, min: 1, of: "tokens", doc: "Only the last n tokens of each document" }),
  first: optionalInt({ keyword: true, min: 1, of: "tokens", doc: "Only the first n tokens of each document" }),
  of: oneOf(["all", "prompt", "continuation"], { keyword: true, default: "all", doc: "Only the tokens of one part of the document" }),
} as const;

/** What these arguments say. Null after a reported mistake. */
export function windowOf(context: Lowering, { first, last, of }: ArgValues<typeof WINDOW_ARGS>): Window | null {
  if (last === null || first === null) return { first, last, of };
  context.report({ code: "wrong-argument", message: "`first` and `last` exclude each other", span: context.at("first") });
  return null;
}
