/** Without this file a saved script could rename a column that is spelled like a value. */
import { STAGE_BY_NAME } from "../src/stages/mod.ts";

/** What bare words in the arguments of a built-in stage are: "values" where it takes pipelines by name, "columns" otherwise, "source" where it takes no input at all. */
export function stageNamedIn(name: string): "values" | "columns" | "source" | undefined {
  const stage = STAGE_BY_NAME.get(name);
  if (stage === undefined) return undefined;
  if (Object.values(stage.args).some(({ shape }) => shape.kind === "pipelines" || shape.kind === "check")) return "values";
  return stage.input.length === 0 ? "source" : "columns";
}
