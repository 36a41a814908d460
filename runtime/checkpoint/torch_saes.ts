/** Without this file SAEs that are one file of torch.save (Qwen Scope, Goodfire, DeepSeek-R1, hook_z) could not be read. */
import { extname } from "node:path";
import type { Layout, SaeFormat, SaeKind, SaeSpec } from "../../src/emit/sae_specs.ts";
import { optional, word } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { parseHookName } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { requireFile } from "./real_path.ts";
import { configOf, openWeights, type SaeFolder } from "./sae_folder.ts";
import { decoderOf, encoderOf, find, PLAIN, refuseConvention, requireK, widths } from "./weights.ts";

/** Names of weights that belong to formats of their own. */
const TAKEN = /^(ae|sae_weights|final|pruned)\.|^(sae_weights|sae|params|sparsity|ae|expected)\.safetensors$/;

interface Published {
  readonly format: SaeFormat;
  readonly kind: SaeKind;
  readonly k: number | null;
  readonly encoder: string;
  readonly decoder: string;
  readonly encoderBias: string;
  readonly decoderBias: string;
  readonly encoderLayout: Layout;
  readonly decoderLayout: Layout;
  readonly shifted: boolean;
  readonly hookName: string;
  readonly model: string;
}

const PARAMETERS = { encoder: "W_enc", decoder: "W_dec", encoderBias: "b_enc", decoderBias: "b_dec" } as const;
const linear = (suffix: string): Pick<Published, "encoder" | "decoder" | "encoderBias" | "decoderBias" | "encoderLayout" | "decoderLayout"> => ({
  encoder: `encoder${suffix}.weight`, decoder: `decoder${suffix}.weight`, encoderBias: `encoder${suffix}.bias`, decoderBias: `decoder${suffix}.bias`, encoderLayout: "out_in", decoderLayout: "out_in",
});

/**
 * One file, `.pt`, `.pth` or converted to `.safetensors`, known by the name it was published under; none subtracts the decoder's bias except
 * hook_z (sae_lens 6.54 `qwen_scope_sae_huggingface_loader`, `get_goodfire_huggingface_loader`, `deepseek_r1_sae_huggingface_loader`,
 * `connor_rob_hook_z_huggingface_loader`).
 */
export async function readTorchSae(folder: SaeFolder): Promise<SaeSpec | null> {
  const { file } = folder.options;
  const candidates = [...folder.names].filter((name) => /\.(pt|pth|safetensors)$/.test(name) && !TAKEN.test(name) && (file === null || name === file));
  const known = candidates.flatMap((name) => {
    const published = publishedAs(`${folder.place}/${name}`, folder.names);
    return published === null ? [] : [{ name, published }];
  });
  const [first] = known;
  if (first === undefined) return null;
  if (known.length > 1) {
    throw new CheckpointError("unsupported-sae-format", `${folder.path} holds ${known.length} SAEs`, { notes: [known.slice(0, 8).map(({ name }) => name).join(", ")], help: `name one of them: set sae "${folder.path}/${first.name}"` });
  }
  return read(folder, first.name, first.published);
}

async function read(folder: SaeFolder, name: string, published: Published): Promise<SaeSpec> {
  refuseConvention(folder.path, published.format, folder.options.convention ?? "publisher", ["publisher"]);
  const hookZ = published.format === "hook_z" ? await configOf(folder, configName(name)) : null;
  const hookName = hookZ === null ? published.hookName : word(hookZ, "act_name");
  const weights = await openWeights(await requireFile(folder.path, name, "download it again"), extname(name));
  const encoder = find(weights, published.encoder);
  const { dIn, dSae } = widths(encoder, published.encoderLayout);
  const bias = await readVector(find(weights, published.decoderBias), dIn);
  return {
    ...PLAIN,
    kind: published.kind,
    digest: await digest([name, hookName, ...(hookZ === null ? [] : [hookZ.bytes])], weights.files),
    dIn,
    dSae,
    ...encoderOf(encoder, published.encoderLayout, dIn, dSae),
    ...decoderOf(find(weights, published.decoder), published.decoderLayout, { dIn, dSae }, { dOut: dIn, bias }),
    inputShift: published.shifted ? bias : null,
    bias: await readVector(find(weights, published.encoderBias), dSae),
    k: published.k === null ? null : requireK(published.k, dSae, `the name ${folder.place}`),
    ...parseHookName(hookName),
    convention: "publisher",
    modelName: hookZ === null ? published.model : String(optional(hookZ, "model_name") ?? published.model),
    format: published.format,
    notes: weights.notes,
  };
}

const configName = (name: string): string => name.replace(/\.(pt|pth|safetensors)$/, "_cfg.json");

function publishedAs(place: string, names: ReadonlySet<string>): Published | null {
  const plain = { kind: "standard", k: null, shifted: false } as const;
  const qwen = /SAE-Res-([\w.-]+?)-W\d+K-L0_(\d+)\/.*?layer(\d+)\.sae\.\w+$/.exec(place);
  if (qwen !== null) return { ...plain, ...PARAMETERS, format: "qwen_scope", kind: "topk", k: Number(qwen[2]), encoderLayout: "out_in", decoderLayout: "out_in", hookName: `blocks.${qwen[3]}.hook_resid_post`, model: `Qwen/${qwen[1]}` };
  const goodfire = /(Llama-3\.\d-\d+B-Instruct)-SAE-l(\d+)\.\w+$/.exec(place);
  if (goodfire !== null) return { ...plain, ...linear("_linear"), format: "goodfire", hookName: `blocks.${goodfire[2]}.hook_resid_post`, model: `meta-llama/${goodfire[1]}` };
  const deepseek = /(DeepSeek-R1-Distill-Llama-8B)-SAE-l(\d+)\.\w+$/.exec(place);
  if (deepseek !== null) return { ...plain, ...linear(""), format: "deepseek_r1", hookName: `blocks.${deepseek[2]}.hook_resid_post`, model: `deepseek-ai/${deepseek[1]}` };
  const name = place.slice(place.lastIndexOf("/") + 1);
  if (names.has(configName(name))) return { ...plain, ...PARAMETERS, format: "hook_z", shifted: true, encoderLayout: "in_out", decoderLayout: "in_out", hookName: "", model: "gpt2-small" };
  return null;
}
