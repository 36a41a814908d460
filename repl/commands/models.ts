/** Without this file people would have to look through folders for the names of models and SAEs: `.models` and `.sae`. */
import type { CheckpointAtHand } from "../../runtime/catalog/checkpoints_at_hand.ts";
import type { Command, Reply, Scene } from "./command.ts";
import { fileName } from "./file_name.ts";

export const models: Command = {
  name: ".models",
  usage: ".models [NAME]",
  doc: "models at hand, or use one as `set model` does",
  argument: { checkpoints: "model" },
  run: (argument, scene) => list("model", argument, scene),
};

export const sae: Command = {
  name: ".sae",
  usage: ".sae [NAME]",
  doc: "SAEs at hand and the layer they read, or use one as `set sae` does",
  argument: { checkpoints: "sae" },
  run: (argument, scene) => list("sae", argument, scene),
};

async function list(kind: CheckpointAtHand["kind"], argument: string, { session }: Scene): Promise<Reply> {
  const name = fileName(argument);
  if (name !== "") return { then: "run", name: "repl", text: `set ${kind} ${JSON.stringify(name)}`, echo: true };
  const used = (session.settings()[kind] ?? "").split(", ").filter((each) => each !== "");
  const found = (session.checkpoints?.() ?? []).filter((each) => each.kind === kind);
  const all = [...found, ...used.filter((each) => !found.some((one) => one.name === each)).map((each): CheckpointAtHand => ({ kind, name: each, place: "folder" }))];
  if (all.length === 0) return { then: "say", text: `none at hand; a folder will do: set ${kind} "path/to/folder"` };
  const facts = await Promise.all(all.map(async (each) => (used.includes(each.name) ? ((await session.describe?.(kind, each.name)) ?? "") : "")));
  const width = Math.max(...all.map((each) => each.name.length));
  return { then: "say", text: all.map((each, i) => `${used.includes(each.name) ? "*" : " "} ${each.name.padEnd(width)}  ${[each.place, facts[i]].filter((text) => text !== "").join(", ")}`).join("\n") };
}
