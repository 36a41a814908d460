/** Without this file texts would stay texts: nobody would run the model or an SAE over them. */
import type { Op, Window } from "../../src/ops/op.ts";
import { counted } from "../counted.ts";
import type { Acts, Dense, Reduced, Single, Table, Tokens, Value } from "../data/frame.ts";
import { encode, forward, type ActivationContext } from "../passes/activations.ts";
import { brokenNotice } from "../passes/broken.ts";
import { foreignMarks } from "../passes/chat_marks.ts";
import { chunkingOf, chunkTable } from "../passes/chunking.ts";
import { tokenizeTable } from "../passes/documents.ts";
import { generateTexts } from "../passes/generating.ts";
import { createIdleEdits } from "../passes/idle_edits.ts";
import { memorize } from "../passes/memorization.ts";
import { noneLeftNotice } from "../passes/none_left.ts";
import { aboutDirections } from "./apply_directions.ts";
import { predictTokens } from "../passes/predicting.ts";
import { decodeGroups } from "../passes/reconstruction.ts";
import { reduceForward } from "../passes/reduce_forward.ts";
import { progressOf, type ExecuteContext, type OpWork } from "./execute_context.ts";
import { asTable, each, expect, members, together } from "./members.ts";

type ModelOp = Op & { readonly op: "chat" | "tokenize" | "chunk" | "forward" | "pick" | "encode" | "decode" | "similar" | "promotes" | "memorize" | "generate" | "logits" };

function noteBroken(label: string, made: Value, { onNotice }: ExecuteContext): void {
  for (const { name, value } of members(made)) {
    const notice = value.kind === "acts" || value.kind === "reduced" ? brokenNotice(label, name, value) : null;
    if (notice !== null) onNotice(notice);
  }
}

function noteNoneLeft(label: string, window: Window, made: Value, { onNotice }: ExecuteContext): void {
  for (const { name, value } of members(made)) {
    const notice = value.kind === "acts" || value.kind === "dense" || value.kind === "reduced" ? noneLeftNotice(label, name, window, value) : null;
    if (notice !== null) onNotice(notice);
  }
}

/** The text of a file that was read whole. */
function fileText({ columns: [column] }: Table): string {
  return column?.type === "str" ? (column.values[0] ?? "") : "";
}

/** The value of an op that reads texts, runs the model or an SAE, or picks from what they gave. @throws DataError, CheckpointError, EngineError; AbortError */
export async function applyModel(op: ModelOp, { plan, inputs, context, turns }: OpWork): Promise<Value> {
  const input = inputs[0]!;
  const activation: ActivationContext = { ...context, ...progressOf(plan, context) };
  switch (op.op) {
    case "chat": {
      const { renderChats } = await import("../passes/chatting.ts");
      const file = inputs[1] === undefined ? null : fileText(asTable(inputs[1] as Single));
      const said = new Set<string>();
      const once = (text: string): void => {
        if (!said.has(text)) context.onNotice(`${plan.label}: ${text}`);
        said.add(text);
      };
      const foreign = foreignMarks(op.template?.text ?? file ?? "", context.tokenIds.encoder(context.catalog.model(op.model)));
      if (foreign !== null) once(foreign);
      return each(input, (table) => renderChats(op, asTable(table), { label: plan.label, file }, turns, once));
    }
    case "tokenize":
      return each(input, async (table) => {
        const model = context.catalog.model(op.model);
        const tokens = await tokenizeTable(op, asTable(table), model, context.tokenIds.encoder(model), turns);
        if (tokens.truncated > 0) context.onNotice(`${plan.label}: ${counted(tokens.truncated, "text")} ${tokens.truncated === 1 ? "was" : "were"} cut to the model's context`);
        return tokens;
      });
    case "chunk":
      return each(input, (table) => chunkTable(op, asTable(table), chunkingOf(op, context), turns, (text) => context.onNotice(`${plan.label}: ${text}`)));
    case "forward": {
      const idle = createIdleEdits(op, context.catalog);
      const made = await together(input, (sets) => {
        const tokens = sets.map((set): Tokens => expect("tokens", set));
        tokens.forEach(idle.see);
        if (op.reduce === undefined) return forward(op, tokens, activation);
        const total = tokens.reduce((sum, set) => sum + set.ids.length, 0);
        const taker = context.savedRounds.begin(plan, { groups: input.kind === "groups" ? input : null, total });
        return reduceForward(op, op.reduce, tokens.map((set) => ({ pieces: [set], total: set.ids.length })), { context: activation, taker });
      });
      noteBroken(plan.label, made, context);
      noteNoneLeft(plan.label, op.window, made, context);
      for (const sentence of await idle.sentences(activation)) context.onNotice(`${plan.label}: ${sentence}`);
      return made;
    }
    case "pick":
      return each(input, (single): Acts | Dense | Reduced => {
        if (single.kind === "reduced") return { ...single, taps: op.taps.map((tap) => single.taps[tap]!) };
        if (single.kind === "acts") return { ...single, taps: op.taps.map((tap) => single.taps[tap]!) };
        const dense = expect("dense", single);
        return { ...dense, taps: op.taps.map((tap) => dense.taps[tap]!) };
      });
    case "encode": {
      const made = await together(input, (sets) => Promise.all(sets.map((set) => encode(op, expect("dense", set), activation))));
      noteBroken(plan.label, made, context);
      return made;
    }
    case "decode":
      return decodeGroups(op, input, inputs[1]!, activation);
    case "logits":
      return together(input, (sets) => predictTokens(op, sets.map((set) => expect("tokens", set)), activation, (text) => context.onNotice(`${plan.label}: ${text}`)));
    case "similar":
    case "promotes":
      return aboutDirections(op, inputs[0] ?? null, { label: plan.label, turns, onShare: (share) => context.onWork?.(plan, share), onNotice: context.onNotice }, activation);
    case "generate":
      return together(input, (tables) => generateTexts(op, tables.map((table, at) => ({ name: members(input)[at]!.name, table: asTable(table) })), activation, (text) => context.onNotice(`${plan.label}: ${text}`)));
    case "memorize":
      return together(input, async (tables) => {
        const made: Single[] = [];
        for (const table of tables) made.push(await memorize(op, asTable(table), activation, (text) => context.onNotice(`${plan.label}: ${text}`)));
        return made;
      });
    default:
      return op satisfies never;
  }
}
