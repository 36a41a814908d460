/** Without this file a model's chat template would stay in the folder that it came with. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ChatFacts, ChatTemplate } from "../../../src/stages/stage.ts";
import { CheckpointError } from "../error.ts";
import { findFile, requireFolder } from "../real_path.ts";
import { parseJsonObject, readJsonBytes, type Json, type JsonObject } from "../strict_json.ts";
import { namedTokens } from "../tokenizer/added.ts";
import { tokenizerClass } from "../tokenizer/class.ts";
import { readTemplate } from "./template.ts";
import { TemplateError } from "./template_error.ts";

/** The folder for a model's other templates, each a file that is called as it is. */
export const ADDITIONAL_TEMPLATES = "additional_chat_templates";

/** What a model without names for its templates calls its one. */
const USUAL = "default";
const MOST_TEMPLATES = 100;
const MINE = '… | chat template "my.jinja"';

/**
 * The chat templates of a folder and the special tokens that they may print, as `from_pretrained` of transformers 5.24 has them: files before what stands in
 * tokenizer_config.json, which is text, or a list of names and texts. @throws CheckpointError
 */
export async function readChat(path: string): Promise<ChatFacts> {
  const folder = await requireFolder(path);
  const object = async (name: string): Promise<JsonObject> => {
    const found = await findFile(folder, name);
    return found === null ? {} : parseJsonObject(await readJsonBytes(found), found);
  };
  const config = await object("tokenizer_config.json");
  const files = await templateFiles(folder);
  const found = files.length > 0 ? files : templatesIn(config["chat_template"], join(folder, "tokenizer_config.json"));
  const kind = tokenizerClass(await object("tokenizer.json"), config, await object("config.json"));
  const named = namedTokens({ config, specialTokensMap: await object("special_tokens_map.json") }, kind);
  return {
    templates: await Promise.all(found.map(checkedTemplate)),
    tokens: Object.fromEntries(Object.entries(named).flatMap(([key, token]) => (token === null ? [] : [[key, token]]))),
  };
}

/** A template, and what it reads, or why it cannot be done. */
export async function checkedTemplate({ name, text }: Pick<ChatTemplate, "name" | "text">): Promise<ChatTemplate> {
  try {
    const { reads, asks } = await readTemplate(text);
    return { name, text, reads: [...reads], asks: [...asks], problem: null };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { name, text, reads: [], asks: [], problem: error.message };
  }
}

async function templateFiles(folder: string): Promise<readonly Pick<ChatTemplate, "name" | "text">[]> {
  const own = await findFile(folder, "chat_template.jinja");
  const names = (await readdir(join(folder, ADDITIONAL_TEMPLATES)).catch((): string[] => [])).filter((name) => name.endsWith(".jinja")).sort().slice(0, MOST_TEMPLATES);
  const more = await Promise.all(names.map(async (name) => ({ name: name.slice(0, -".jinja".length), text: await textOf((await findFile(join(folder, ADDITIONAL_TEMPLATES), name)) ?? join(folder, ADDITIONAL_TEMPLATES, name)) })));
  return [...(own === null ? [] : [{ name: USUAL, text: await textOf(own) }]), ...more];
}

async function textOf(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readJsonBytes(path));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError("bad-chat-template", `${path} is not UTF-8 text`, { help: MINE });
  }
}

function templatesIn(value: Json | undefined, path: string): readonly Pick<ChatTemplate, "name" | "text">[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [{ name: USUAL, text: value }];
  const listed = Array.isArray(value) ? value : [];
  const templates = listed.flatMap((each): readonly Pick<ChatTemplate, "name" | "text">[] => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) return [];
    const { name, template } = each as JsonObject;
    return typeof name === "string" && typeof template === "string" ? [{ name, text: template }] : [];
  });
  if (templates.length !== listed.length || templates.length === 0) throw new CheckpointError("bad-chat-template", `${path}: \`chat_template\` is neither text nor a list of names and templates`, { help: MINE });
  return [...new Map(templates.map((each) => [each.name, each])).values()];
}
