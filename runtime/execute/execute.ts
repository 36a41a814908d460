/** Without this file plans would stay plans. */
import { OPS, type Plan } from "../../src/ops/op.ts";
import { nodes } from "../../src/optimize/rule.ts";
import { onlyRead } from "../cache/kept_tokens.ts";
import type { Value } from "../data/frame.ts";
import { rowCount } from "../data/row_count.ts";
import { valueKey } from "./value_key.ts";
import { streamedValue } from "./streamed_value.ts";
import { StageError } from "./stage_error.ts";
import { apply } from "./apply.ts";
import { progressOf, type ExecuteContext } from "./execute_context.ts";

/** The value of a plan. Equal sub-plans are computed once; effects happen once, in the order of the script. */
export async function execute(plan: Plan, context: ExecuteContext): Promise<Value> {
  const known = context.done.get(plan) ?? (await knownValue(plan, context));
  if (known !== undefined) {
    context.recording?.known(plan, rowCount(known));
    return known;
  }
  if (plan.op.op === "explain") {
    // Nothing of it is kept: what is run afterwards takes its own time.
    const quiet = { ...context, tokenIds: onlyRead(context.tokenIds), done: new Map<Plan, Value>(), values: { ...context.values, set: () => {}, pin: () => {} }, onResult: () => {}, onNotice: () => {} };
    return context.explain(plan, (part) => execute(part, quiet), (recording) => execute(plan.inputs[0]!, { ...context, recording }));
  }
  const streamedTo = context.recording?.start(plan);
  const streamed = await streaming(plan, context);
  if (streamed !== null) {
    streamedTo?.(rowCount(streamed));
    context.done.set(plan, streamed);
    if (OPS[plan.op.op].passes) context.performed.add(plan.at);
    else context.values.set(valueKey(plan, context.numerics), streamed);
    return streamed;
  }
  const inputs: Value[] = [];
  for (const [i, input] of plan.inputs.entries()) {
    const value = await execute(input, context);
    inputs.push(value);
    // A side that ends in `show` has shown itself.
    if (plan.op.op === "tee" && i === 1 && input.op.op !== "show") context.onResult(input, value);
  }
  context.signal.throwIfAborted();
  let value: Value;
  const finished = context.recording?.start(plan);
  try {
    value = await apply(plan, inputs, context);
    finished?.(rowCount(value));
  } catch (error) {
    throw error instanceof StageError || (error instanceof Error && error.name === "AbortError") ? error : new StageError(plan, error);
  }
  context.done.set(plan, value);
  if (OPS[plan.op.op].passes) context.performed.add(plan.at);
  else context.values.set(valueKey(plan, context.numerics), value);
  return value;
}

/**
 * A value from before. What its line shows, saves and asserts on the way happens all the same, once for each place where it is written;
 * not before a `cache`, which says that nothing before it is run again.
 */
async function knownValue(plan: Plan, context: ExecuteContext): Promise<Value | undefined> {
  // What it gave before was let go: it is run again to be written.
  if (OPS[plan.op.op].passes || context.savedRounds.waiting(plan)) return undefined;
  const name = valueKey(plan, context.numerics);
  const pinned = context.values.pinned(name);
  const known = context.values.get(name);
  if (known === undefined) return undefined;
  const pending = (input: Plan): boolean => nodes(input).some(({ op, at }) => OPS[op.op].passes && !context.performed.has(at));
  if (pinned === undefined) for (const input of plan.inputs) if (pending(input)) await execute(input, context);
  context.done.set(plan, known);
  return known;
}

/** The value of a plan whose rows need not all be held; null for others. */
async function streaming(plan: Plan, context: ExecuteContext): Promise<Value | null> {
  const known = (node: Plan): Value | undefined => context.done.get(node) ?? context.values.get(valueKey(node, context.numerics));
  try {
    return await streamedValue(plan, { ...context, known, ...progressOf(plan, context) });
  } catch (error) {
    throw error instanceof StageError || (error instanceof Error && error.name === "AbortError") ? error : new StageError(plan, error);
  }
}
