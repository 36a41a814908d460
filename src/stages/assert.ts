/** Without this file a script could not insist on what it takes for granted. */
import { check } from "./args.ts";
import { stage } from "./stage.ts";

export const assert = stage({
  name: "assert",
  doc: "Stop with exit code 7 unless a condition holds; aggregates such as count() or mean(x) look at the whole table",
  category: "results",
  args: { condition: check({ doc: 'A condition, and a message after a comma: count() >= 10, "too few rows"' }) },
  input: ["table", "features"],
  inputOptional: true,
  groups: "any",
  passes: true,
  examples: [
    { title: "Enough rows", query: "perfect | assert count() >= 10 | take 1" },
    { title: "On named relations", query: "assert count(perfect) >= 10 and count(non_perfect) >= 10" },
  ],
  alsoCalled: ["require", "expect"],
  searchTerms: ["check"],
  lower: (context, { condition: { condition, message, text, relations } }) => {
    if (condition.type !== "bool") {
      context.report({ code: "wrong-type", message: `\`assert\` needs true or false, but this is ${condition.type}`, span: context.at("condition") });
      return null;
    }
    const input = context.hasInput
      ? context.input
      : context.node({ op: "literal", columns: [], rows: [[]] }, [], { kind: "table", columns: [], groups: null, known: true });
    return context.node({ op: "assert", condition, message, text }, [input, ...relations], input.schema);
  },
});
