/** Without this file tests of the hub would have nothing real to download. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { withHeader } from "../session/checkpoints.ts";
import type { Repository } from "./server.ts";

type Files = Record<string, Uint8Array>;

function filesOf(folder: string, below = ""): Files {
  return Object.fromEntries(readdirSync(join(EXAMPLES, folder)).map((name) => [below + name, readFileSync(join(EXAMPLES, folder, name))]));
}

interface Header {
  readonly [name: string]: { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] };
}

/** The shipped model in shards: embedding and blocks 0–3, 4–7, the rest. */
function sharded(): Files {
  const whole = filesOf("kjv/model");
  const bytes = Buffer.from(whole["model.safetensors"]!);
  const size = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + size).toString()) as Header;
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  const shardOf = (name: string): number => {
    const layer = /layers\.(\d+)\./.exec(name)?.[1];
    return layer === undefined ? (name.includes("embed_tokens") ? 0 : 2) : Math.min(2, Math.floor(Number(layer) / 4));
  };
  const weightMap: Record<string, string> = {};
  const shards: Files = {};
  for (const shard of [0, 1, 2]) {
    const file = `model-0000${shard + 1}-of-00003.safetensors`;
    const parts: Uint8Array[] = [];
    const own: Record<string, unknown> = {};
    let at = 0;
    for (const name of names.filter((each) => shardOf(each) === shard)) {
      const { dtype, shape, data_offsets: [begin, end] } = header[name]!;
      parts.push(bytes.subarray(8 + size + begin, 8 + size + end));
      own[name] = { dtype, shape, data_offsets: [at, at + end - begin] };
      at += end - begin;
      weightMap[name] = file;
    }
    shards[file] = withHeader(JSON.stringify(own), parts);
  }
  const { "model.safetensors": _, ...rest } = whole;
  return { ...rest, ...shards, "model.safetensors.index.json": Buffer.from(JSON.stringify({ metadata: {}, weight_map: weightMap })) };
}

/** The shipped model with a chat template, and others in the folder for more. */
function chatModel(): Files {
  return { ...filesOf("kjv/model"), "chat_template.jinja": readFileSync(join(EXAMPLES, "kjv/dialogue.jinja")), "additional_chat_templates/loud.jinja": Buffer.from("{{ messages[0].content | upper }}"), "additional_chat_templates/README.md": Buffer.from("not needed") };
}

const isLarge = (path: string): boolean => /\.(safetensors|bin)$/.test(path);

function repository(files: Files, more: Partial<Repository> = {}): Repository {
  return { files, lfs: Object.keys(files).filter(isLarge), ...more };
}

const extra: Files = { "README.md": Buffer.from("# a model\n"), "pytorch_model.bin": Buffer.from("not to be downloaded") };

/** A model as it was published before there were safetensors. */
function torchModel(): Files {
  const folder = join(import.meta.dirname, "../parity/architectures/neo_one_layer");
  return Object.fromEntries(["config.json", "pytorch_model.bin"].map((name) => [name, readFileSync(join(folder, name))]));
}

export const REPOSITORIES: Readonly<Record<string, Repository>> = {
  "saeq/whole": repository({ ...filesOf("kjv/model"), ...extra, "original/consolidated.00.pth": Buffer.from("nor this") }, { refs: ["v1", "refs/pr/3"] }),
  "saeq/sharded": repository({ ...sharded(), ...extra }),
  "saeq/saes": repository({ ...filesOf("kjv/sae", "layer7/width_4k/"), "README.md": Buffer.from("# SAEs\n"), "layer7/width_4k/sparsity.safetensors": Buffer.from("not needed"), "layer7/width_4k/activations_store_state.safetensors": Buffer.from("nor this") }),
  "saeq/chat": repository(chatModel()),
  "saeq/secret": repository(filesOf("kjv/model"), { access: "private", token: "hf_secret" }),
  "saeq/gated": repository(filesOf("kjv/model"), { access: "gated", token: "hf_accepted" }),
  "saeq/pickles": repository({ "config.json": Buffer.from("{}"), "weights.ckpt": Buffer.from("pickle") }),
  "saeq/adapter": repository({ "adapter_config.json": Buffer.from("{}"), "adapter_model.bin": Buffer.from("pickle"), "tokenizer.json": Buffer.from("{}") }),
  "saeq/packed": repository({ "config.json": Buffer.from("{}"), "m-Q4_K_M.gguf": Buffer.from("GGUF") }),
  "saeq/torch": repository({ ...torchModel(), "pytorch_model.bin.index.json": Buffer.from("{}") }),
  "saeq/old": repository({ ...torchModel(), "pytorch_model.bin": Buffer.from("a pickle of torch before 1.6") }),
};
