/** Without this file somebody who names an adapter or a GGUF would be told only which files are missing, and not what the folder is. */
import { readdir } from "node:fs/promises";
import { announcedIn } from "./absent.ts";
import { optional } from "./config.ts";
import { CheckpointError } from "./error.ts";
import { findFile } from "./real_path.ts";
import { readJsonObject } from "./strict_json.ts";

const GGUF = /\.gguf$/i;

/** What a place is that holds these files and no model, as an error; null where nothing tells. `base`: the model that an adapter belongs to. */
export function otherThanModel(where: string, names: Iterable<string>, base: string | null = null): CheckpointError | null {
  const all = [...names];
  if (all.includes("adapter_config.json")) {
    const tokenizer = `transformers.AutoTokenizer.from_pretrained(${JSON.stringify(base ?? "…")}).save_pretrained("merged")`;
    return new CheckpointError("unsupported-architecture", `${where} holds an adapter (LoRA or another of peft), and no model`, {
      notes: base === null ? [] : [`it belongs to ${base}`],
      help: `merge it into its base once: peft.AutoPeftModelForCausalLM.from_pretrained(${JSON.stringify(where)}).merge_and_unload().save_pretrained("merged"), ${tokenizer}, then: set model "merged"`,
    });
  }
  const gguf = all.find((name) => GGUF.test(name));
  return gguf === undefined ? null : unreadGguf(`${where} holds ${gguf}, and GGUF is not read`);
}

/** The same of the name of a file. */
export function otherThanFolder(path: string): CheckpointError | null {
  return GGUF.test(path) ? unreadGguf(`${path} is GGUF, which is not read`) : null;
}

function unreadGguf(what: string): CheckpointError {
  return new CheckpointError("unsupported-architecture", what, {
    notes: ["most are rounded to a few bits, so they are no longer the model that SAEs were trained on", "the checkpoint that it was made from is read: config.json, tokenizer.json, model.safetensors"],
    help: 'set model "…"',
  });
}

/** What a folder is that has no config or no weights; null where nothing tells. */
export async function otherFolder(folder: string): Promise<CheckpointError | null> {
  const names = await readdir(folder).catch((): string[] => []);
  return otherThanModel(folder, [...names, ...announcedIn(folder)], names.includes("adapter_config.json") ? await baseOf(folder) : null);
}

async function baseOf(folder: string): Promise<string | null> {
  const file = await findFile(folder, "adapter_config.json");
  const value = file === null ? null : (await readJsonObject(file)).value;
  const base = file === null || value === null ? null : optional({ file, value }, "base_model_name_or_path");
  return typeof base === "string" && base !== "" ? base : null;
}
