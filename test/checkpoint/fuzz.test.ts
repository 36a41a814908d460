/**
 * Without this file a reader of downloads might crash, hang or point outside its file on bytes that nobody thought of.
 * `FUZZ_READERS=1000000` gives every reader a million inputs; `FUZZ_SEED` starts elsewhere. What fails is kept and named.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import { announce, arrived } from "../../runtime/checkpoint/absent.ts";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { pieces } from "../../runtime/checkpoint/numbers.ts";
import { readNpz } from "../../runtime/checkpoint/npz.ts";
import { parseNpyHeader } from "../../runtime/checkpoint/npy_header.ts";
import { readPickle } from "../../runtime/checkpoint/pickle.ts";
import { readSafetensors, type TensorFile } from "../../runtime/checkpoint/safetensors.ts";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import { readTorchFile } from "../../runtime/checkpoint/torch_file.ts";
import { forRows, readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import { unpacked } from "../../runtime/checkpoint/inflate.ts";
import { readZipDirectory } from "../../runtime/checkpoint/zip_directory.ts";
import { gemmaArrays, npy, zip } from "./archives.ts";
import { ownCache } from "./own_cache.ts";
import { readWholeNpz } from "./read_whole.ts";

/** A twentieth of what CI tries on text: each of these inputs is a file. */
const COUNT = Number(process.env["FUZZ_READERS"] ?? Math.ceil(Number(process.env["FUZZ"] ?? 20_000) / 20));
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const formats = join(import.meta.dirname, "../parity/sae_formats");
/** In memory where the system has such a place: a million small files wear a disk out. */
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "saeq-fuzz-"));
ownCache(test, join(folder, "cache"));
test.after(() => rmSync(folder, { recursive: true }));

/** mulberry32: the same inputs for the same seed on every machine. */
function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const BYTES = [0x00, 0x01, 0x22, 0x28, 0x2e, 0x30, 0x39, 0x5b, 0x7b, 0x7f, 0x80, 0xff];
const TEXTS = ["0", "-1", "1e999", "9007199254740993", "18446744073709551615", "null", "true", '""', "[]", "{}", '"x"', "__proto__", "F32", "BF16", "nan", "(", "}", "\\u0000"];

/** One to four small changes: bits, bytes, numbers, a piece cut, doubled or moved, text of another kind. */
function mutated(seed: Buffer, below: (most: number) => number): Buffer {
  let bytes = Buffer.from(seed);
  for (let change = below(4); change >= 0 && bytes.length > 0; change -= 1) {
    const at = below(bytes.length);
    const length = Math.min(1 + below(16), bytes.length - at);
    switch (below(9)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << below(8));
        break;
      case 1:
        bytes[at] = BYTES[below(BYTES.length)] as number;
        break;
      case 2:
        bytes[at] = below(256);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 5:
        bytes = bytes.subarray(0, at);
        break;
      case 6:
        if (at + 4 <= bytes.length) bytes.writeUInt32LE([0, 1, 0x7fff_ffff, 0xffff_ffff, bytes.length][below(5)] as number, at);
        break;
      case 7:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(TEXTS[below(TEXTS.length)] as string), bytes.subarray(at + below(2) * length)]);
        break;
      default:
        bytes.copy(bytes, at, below(bytes.length));
    }
  }
  return bytes;
}

/** Gives `read` so many changed seeds; anything but a value or an error of the checkpoint fails, with the input kept. */
async function fuzz(name: string, seeds: readonly Buffer[], count: number, read: (bytes: Buffer, number: number) => unknown): Promise<void> {
  const below = chance(SEED * 7919 + name.length);
  for (let number = 0; number < count; number += 1) {
    const bytes = mutated(seeds[number % seeds.length] as Buffer, below);
    try {
      await read(bytes, number);
    } catch (error) {
      if (error instanceof CheckpointError) continue;
      const kept = join(tmpdir(), `saeq-fuzz-${name}-${SEED}-${number}.bin`);
      writeFileSync(kept, bytes);
      throw new Error(`${name}, seed ${SEED}, input ${number} (kept as ${kept}): ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}

/** Every tensor that a reader found lies within its file. */
function within({ tensors, file }: TensorFile, size: number): void {
  for (const tensor of tensors.values()) {
    const inside = Number.isSafeInteger(tensor.offset) && tensor.offset >= 0 && tensor.length >= 0 && tensor.offset + tensor.length <= size;
    if (tensor.file === file && !inside) throw new Error(`tensor ${tensor.name} at ${tensor.offset} of ${tensor.length} bytes is outside its file of ${size}`);
  }
}

const file = join(folder, "input");
const saved = (bytes: Buffer): string => {
  writeFileSync(file, bytes);
  return file;
};

/** The same bytes as a file on the hub, of which parts are asked for: none of them may lie outside. */
async function absent<T>(bytes: Buffer, read: (place: string) => Promise<T>): Promise<T> {
  const place = join(folder, "not-here");
  const outside = (offset: number, length: number): boolean => !Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > bytes.length;
  announce(place, place, {
    size: bytes.length,
    header: null,
    make: null,
    read: async (offset, length) => {
      if (outside(offset, length)) throw new Error(`${length} bytes at ${offset} were asked for, of ${bytes.length}`);
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
  });
  try {
    return await read(place);
  } finally {
    arrived(place);
  }
}

test("safetensors headers", async () => {
  const seeds = ["lens_jumprelu_transcoder/sae_weights.safetensors", "tracer_clt/W_enc_0.safetensors"].map((name) => {
    const bytes = readFileSync(join(formats, name));
    return bytes;
  });
  // The header alone is changed: it is what is read, and the data stay as long as they were.
  const parts = seeds.map((bytes) => ({ head: bytes.subarray(0, 8 + Number(bytes.readBigUInt64LE(0))), data: bytes.subarray(8 + Number(bytes.readBigUInt64LE(0))) }));
  await fuzz("safetensors", parts.map(({ head }) => head), COUNT, async (bytes, number) => {
    const whole = Buffer.concat([bytes, parts[number % parts.length]!.data]);
    within(await readSafetensors(saved(whole)), whole.length);
  });
});

const ARCHIVES = [zip(gemmaArrays()), zip(gemmaArrays().map((each) => ({ ...each, deflate: true }))), zip(gemmaArrays({ b_dec: npy(new Float32Array(2), [2], { descr: ">f4" }) }))];

test("npz archives, stored and deflated", async () => {
  await fuzz("npz", ARCHIVES, COUNT, async (bytes) => within((await readNpz(saved(bytes))).weights, bytes.length));
});

test("npz archives on the hub, with their vectors", async () => {
  await fuzz("npz-absent", ARCHIVES, COUNT, (bytes) =>
    absent(bytes, async (place) => {
      const { weights } = await readNpz(place);
      within(weights, bytes.length);
      for (const tensor of weights.tensors.values()) {
        let length = 0;
        for await (const piece of pieces(tensor)) length += piece.length;
        if (length !== tensor.length) throw new Error(`${tensor.name} has ${length} of ${tensor.length} bytes`);
      }
    }));
});

test("npz archives that are converted", async () => {
  // A copy is written for each that is sound, so there are fewer of them.
  await fuzz("npz-converted", ARCHIVES.slice(1), Math.ceil(COUNT / 50), async (bytes) => {
    const { weights } = await readWholeNpz(saved(bytes));
    for (const tensor of weights.tensors.values()) if (tensor.file !== file) within(await readSafetensors(tensor.file), statSync(tensor.file).size);
    rmSync(join(folder, "cache", "saeq", "converted"), { recursive: true, force: true });
  });
});

test("zip members unpack to what they declare, or not at all", async () => {
  const seeds = [zip(gemmaArrays().map((each) => ({ ...each, deflate: true })))];
  await fuzz("inflate", seeds, COUNT, async (bytes) => {
    const directory = await readZipDirectory(saved(bytes));
    for (const member of directory.members.values()) {
      let size = 0;
      for await (const piece of unpacked(file, member)) size += piece.length;
      if (size !== member.size) throw new Error(`${member.name} gave ${size} of ${member.size} bytes`);
    }
  });
});

test("headers of .npy arrays", async () => {
  const seeds = [npy(new Float32Array(6), [2, 3]), npy(new Float32Array(6), [6], { version: 2 }), npy(new Float32Array(6), [], { version: 3, fortran: true })].map((each) => each.subarray(0, -24));
  await fuzz("npy", seeds, COUNT, (bytes) => parseNpyHeader(bytes, "array"));
});

test("pickles", async () => {
  const seeds = await Promise.all(["dl_topk/ae.pt", "dl_matryoshka/ae.pt"].map(async (name) => {
    const directory = await readZipDirectory(join(formats, name));
    const member = [...directory.members.values()].find((each) => each.name.endsWith("/data.pkl"))!;
    return readFileSync(directory.file).subarray(member.offset, member.offset + member.size);
  }));
  await fuzz("pickle", seeds, COUNT, (bytes) => readPickle(bytes, "data.pkl"));
});

test("files of torch.save", async () => {
  const seeds = ["dl_topk/ae.pt", "qwen_scope_bf16/SAE-Res-Qwen3-1.7B-Base-W32K-L0_6/layer5.sae.pt"].map((name) => readFileSync(join(formats, name)));
  await fuzz("torch", seeds, COUNT, async (bytes) => within(await readTorchFile(saved(bytes)), bytes.length));
  await fuzz("torch-absent", seeds, Math.ceil(COUNT / 4), (bytes) => absent(bytes, async (place) => within(await readTorchFile(place), bytes.length)));
});

const CONFIGS = ["lens_topk_by_norm/cfg.json", "lens_skip_transcoder/cfg.json", "scope_transcoder/hyperparams.json", "scopium_topk/config.json", "r1_norms/config.json", "dl_gated/config.json", "sparsify_groupmax/layers.2.mlp/cfg.json", "gemma2_transcoder/transcoder/layer_3_width_16k_l0_medium_affine/config.json", "tracer_jumprelu_skip/config.yaml"];

test("configs of every format", async () => {
  cpSync(formats, join(folder, "formats"), { recursive: true });
  const seeds = CONFIGS.map((name) => readFileSync(join(formats, name)));
  await fuzz("config", seeds, COUNT, async (bytes, number) => {
    const config = join(folder, "formats", CONFIGS[number % CONFIGS.length]!);
    writeFileSync(config, bytes);
    const sae = await readSae(join(config, ".."), { convention: null, normFactor: 0.8 });
    for (const vector of [sae.bias, sae.preScale, sae.threshold, sae.outputScale, sae.inputShift]) {
      if (vector !== null && vector.length !== sae.dSae && vector.length !== sae.dIn) throw new Error(`a vector of ${vector.length} of an SAE of ${sae.dIn} × ${sae.dSae}`);
    }
  });
});

const MODELS = ["gpt2_tied", "gemma3_local", "neox_small", "phi3_fused", "llama_yarn", "qwen2_window"];

test("configs of models", async () => {
  const models = join(import.meta.dirname, "../parity/architectures");
  for (const name of MODELS) cpSync(join(models, name), join(folder, "models", name), { recursive: true });
  const seeds = MODELS.map((name) => readFileSync(join(models, name, "config.json")));
  await fuzz("model-config", seeds, COUNT, async (bytes, number) => {
    const path = join(folder, "models", MODELS[number % MODELS.length]!);
    writeFileSync(join(path, "config.json"), bytes);
    const { spec } = await readModel(path);
    if (!(spec.blocks.length >= 1 && spec.hiddenSize >= 1 && spec.context >= 1)) throw new Error(`a model of ${spec.blocks.length} blocks, ${spec.hiddenSize} wide, ${spec.context} long`);
  });
});

test("lists of shards", async () => {
  const path = join(folder, "sharded");
  mkdirSync(path);
  const source = join(import.meta.dirname, "../parity/architectures/qwen2_bias");
  cpSync(join(source, "config.json"), join(path, "config.json"));
  cpSync(join(source, "model.safetensors"), join(path, "model-00001-of-00001.safetensors"));
  const names = [...(await readSafetensors(join(source, "model.safetensors"))).tensors.keys()].slice(0, 6);
  const seed = Buffer.from(JSON.stringify({ metadata: { total_size: 1 }, weight_map: Object.fromEntries(names.map((name) => [name, "model-00001-of-00001.safetensors"])) }));
  await fuzz("shards", [seed], COUNT, async (bytes) => {
    writeFileSync(join(path, "model.safetensors.index.json"), bytes);
    await readModel(path);
  });
});

const TOKENIZERS = ["gpt2", "llama3", "gemma", "pythia", "qwen"];

test("tokenizers, and what they make of a text", async () => {
  const fixtures = join(import.meta.dirname, "../parity/tokenizers");
  for (const name of TOKENIZERS) cpSync(join(fixtures, name), join(folder, "tokenizers", name), { recursive: true });
  const files = TOKENIZERS.flatMap((name) => ["tokenizer.json", "tokenizer_config.json"].map((each) => join(name, each)));
  const seeds = files.map((each) => readFileSync(join(fixtures, each)));
  await fuzz("tokenizer", seeds, COUNT, async (bytes, number) => {
    const changed = join(folder, "tokenizers", files[number % files.length]!);
    writeFileSync(changed, bytes);
    try {
      const read = await readTokenizer(join(changed, ".."), { text: 1000, character: 1 });
      // A token that is named beyond the vocabulary is refused when a text spells it.
      const tokenizer = forRows(read, read.size, "model");
      const ids = tokenizer.encode("The lazy dog,  2 \u00e9\u{1f600}<|endoftext|>", { bos: tokenizer.prependsBos });
      for (const id of ids) if (!Number.isInteger(id) || id < 0 || id >= tokenizer.size) throw new Error(`the id ${id} of ${tokenizer.size}`);
      tokenizer.decode(ids);
      for (const id of [0, tokenizer.size - 1, tokenizer.size]) tokenizer.piece(id);
    } finally {
      writeFileSync(changed, seeds[number % files.length]!);
    }
  });
});

test.run();
