/**
 * Without this file a reader of downloads might crash, hang or point outside its file on bytes that nobody thought of.
 * `FUZZ_READERS=1000000` gives every reader a million inputs; `FUZZ_SEED` starts elsewhere. What fails is kept and named.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { readNpz } from "../../runtime/checkpoint/npz.ts";
import { parseNpyHeader } from "../../runtime/checkpoint/npy_header.ts";
import { readPickle } from "../../runtime/checkpoint/pickle.ts";
import { readSafetensors, type TensorFile } from "../../runtime/checkpoint/safetensors.ts";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import { readTorchFile } from "../../runtime/checkpoint/torch_file.ts";
import { unpacked } from "../../runtime/checkpoint/inflate.ts";
import { readZipDirectory } from "../../runtime/checkpoint/zip_directory.ts";
import { gemmaArrays, npy, zip } from "./archives.ts";
import { ownCache } from "./own_cache.ts";

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

test("npz archives, stored and deflated", async () => {
  const arrays = gemmaArrays();
  // What must be converted is written anew each time, so most inputs are of the kind that is mapped.
  const seeds = [...new Array<Buffer>(8).fill(zip(arrays)), zip(arrays.map((each) => ({ ...each, deflate: true }))), zip(gemmaArrays({ b_dec: npy(new Float32Array(2), [2], { descr: ">f4" }) }))];
  await fuzz("npz", seeds, COUNT, async (bytes) => within((await readNpz(saved(bytes))).weights, bytes.length));
});

test("zip members unpack to what they declare, or not at all", async () => {
  const seeds = [zip(gemmaArrays().map((each) => ({ ...each, deflate: true })))];
  await fuzz("inflate", seeds, Math.ceil(COUNT / 4), async (bytes) => {
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

test.run();
