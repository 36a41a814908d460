/** Without this file nothing would be asserted, saved, kept or shown on the way. */
import type { Op } from "../../src/ops/op.ts";
import { counted } from "../counted.ts";
import { foretoldSize } from "../data/foretold_size.ts";
import type { Value } from "../data/frame.ts";
import { requireTrue } from "./assertion.ts";
import type { OpWork } from "./execute_context.ts";
import { asTable, expectSingle, members, specialTokens } from "./members.ts";
import { saveValue } from "./save.ts";
import { valueKey } from "./value_key.ts";

type EffectOp = Op & { readonly op: "assert" | "edit" | "tee" | "save" | "cache" | "show" };

/** Do what an op does on the way, and give its input. @throws DataError, AssertionFailure */
export async function applyEffect(op: EffectOp, { plan, inputs, context }: OpWork): Promise<Value> {
  const input = inputs[0]!;
  switch (op.op) {
    case "assert": {
      const relations = inputs.slice(1).map((value) => asTable(expectSingle(value)));
      for (const { name, value } of members(input)) requireTrue(op, name, asTable(value), relations);
      return input;
    }
    case "edit":
    case "tee":
      return input;
    case "save": {
      const path = context.outputPath(op.path);
      const special = specialTokens(input);
      const tell = (written: string): void => context.onSaved(path, `${written}${special === 0 ? "" : `; ${counted(special, "special token")} in it, marked in the column special`}`);
      const written = await context.savedRounds.commit(plan);
      if (written !== null) {
        tell(written);
        return input;
      }
      const much = foretoldSize(input, op.format);
      if (much !== null) context.onNotice(`${plan.label}: ${much}`);
      tell(await saveValue(input, path, op.format, { raw: context.rawCsv === true, ...(context.admitWrite === undefined ? {} : { admit: context.admitWrite }) }));
      return input;
    }
    case "cache": {
      context.values.pin(valueKey(plan, context.numerics), input, op.seconds);
      const bytes = await context.keep(plan, input, op.seconds);
      const how = op.seconds === null ? (bytes === null ? " until the session ends" : "") : ` for ${op.seconds} s`;
      context.onNotice(`${plan.label}: kept${bytes === null ? "" : ` on disk (${bytes} bytes)`}${how}`);
      return input;
    }
    case "show":
      context.onResult(plan, input);
      return input;
    default:
      return op satisfies never;
  }
}
