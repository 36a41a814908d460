/** Without this file a hostile .npz or .pt could run code, fill memory or be read wrongly. Names follow the list of bad inputs. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { announce, arrived } from "../../runtime/checkpoint/absent.ts";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { readNpz } from "../../runtime/checkpoint/npz.ts";
import { pieces } from "../../runtime/checkpoint/numbers.ts";
import { parseNpyHeader } from "../../runtime/checkpoint/npy_header.ts";
import { readPickle } from "../../runtime/checkpoint/pickle.ts";
import { readTorchFile } from "../../runtime/checkpoint/torch_file.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import { encodeRows } from "../emit/run_graph.ts";
import { gemmaArrays, npy, npyText, zip, type Member } from "./archives.ts";
import { ownCache } from "./own_cache.ts";
import { readWholeNpz, readWholeSae } from "./read_whole.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-archives-"));
ownCache(test, join(folder, "cache"));
test.after(() => rmSync(folder, { recursive: true }));

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(() => "accepted", (error: unknown) => {
    if (!(error instanceof CheckpointError)) throw error;
    assert.ok(error.message.length > 10 && !error.message.endsWith("."), error.message);
    return error.code;
  });
}

let number = 0;
function write(content: Uint8Array, name = "params.npz"): string {
  const place = join(folder, `case-${(number += 1)}`, "gemma-scope-2b-pt-res", "layer_3");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, name), content);
  return join(place, name);
}

const ones = (count: number): Float32Array => new Float32Array(count).fill(1);
const member = (name: string, content: Uint8Array = npy(ones(2), [2])): Member => ({ name, content });
const HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 262144), }\n";

const archives: readonly (readonly [string, Buffer, string])[] = [
  ["an empty file", Buffer.alloc(0), "broken-archive"],
  ["no archive at all", Buffer.from("weights"), "broken-archive"],
  ["a Git LFS pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123456\n"), "git-lfs-pointer"],
  ["a web page", Buffer.from("<!DOCTYPE html><html></html>"), "html-page"],
  ["dtype O", zip([member("a.npy", npyText("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", Buffer.from("cos\nsystem\n(S'id'\ntR.")))]), "pickle-refused"],
  ["a structured dtype", zip([member("a.npy", npyText("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", Buffer.alloc(4)))]), "unsupported-dtype"],
  ["a structured dtype with an object", zip([member("a.npy", npyText("{'descr': [('x', '|O')], 'fortran_order': False, 'shape': (1,), }\n", Buffer.alloc(4)))]), "unsupported-dtype"],
  ["bfloat16 saved as bytes", zip([member("a.npy", npyText("{'descr': '|V2', 'fortran_order': False, 'shape': (1,), }\n", Buffer.alloc(2)))]), "unsupported-dtype"],
  ["complex numbers", zip([member("a.npy", npyText("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }\n", Buffer.alloc(8)))]), "unsupported-dtype"],
  ["a pickled member", zip([member("arrays.pkl", Buffer.from("\u0080\u0004."))]), "pickle-refused"],
  ["a zip bomb of many small members: 40 MB of zeros in 40 kB", zip(Array.from({ length: 40 }, (_, i) => ({ ...member(`a${i}.npy`, npyText("{'descr': '<f4', 'fortran_order': False, 'shape': (262000,), }", Buffer.alloc(1_048_000))), deflate: true }))), "broken-archive"],
  ["a zip bomb: 100 MB of zeros in 100 kB", zip([{ ...member("a.npy", npyText(HUGE, Buffer.alloc(100_000_000))), deflate: true }]), "broken-archive"],
  ["a header that declares 1 TB", zip([member("a.npy", npyText(HUGE, Buffer.alloc(16)))]), "invalid-tensor"],
  ["a directory that declares 1 GB of a small member", zip([{ ...member("a.npy"), deflate: true, size: 1_000_000_000 }]), "broken-archive"],
  ["a member that unpacks to more than it says", zip([{ ...member("a.npy", npy(ones(200), [200])), deflate: true, size: 120 }]), "broken-archive"],
  ["a member that unpacks to less than it says", zip([{ ...member("a.npy", npyText("{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }\n", Buffer.alloc(4))), deflate: true, size: 10 + 58 + 36 }]), "broken-archive"],
  ["deflated bytes that are none", zip([{ name: "a.npy", content: Buffer.from("not deflated at all, really"), method: 8, size: 100 }]), "broken-archive"],
  ["a member ../../x", zip([member("../../x.npy")]), "path-outside-folder"],
  ["an absolute member", zip([member("/etc/x.npy")]), "path-outside-folder"],
  ["a member of a drive", zip([member("C:x.npy")]), "path-outside-folder"],
  ["a member with a backslash", zip([member("..\\x.npy")]), "path-outside-folder"],
  ["a link", zip([{ ...member("a.npy"), mode: 0o120777 }]), "broken-archive"],
  ["a duplicate name", zip([member("a.npy"), member("a.npy")]), "broken-archive"],
  ["two members over one another", zip([member("a.npy"), { ...member("b.npy"), at: 0, localName: "a.npy" }]), "broken-archive"],
  ["another name in the local header", zip([{ ...member("a.npy"), localName: "b.npy" }]), "broken-archive"],
  ["an encrypted member", zip([{ ...member("a.npy"), flags: 1 }]), "broken-archive"],
  ["another method", zip([{ ...member("a.npy"), method: 14 }]), "broken-archive"],
  ["a wrong count", zip([member("a.npy")], { count: 2 }), "broken-archive"],
  ["a directory of 2 MB", zip([member("a.npy")], { directorySize: 2_000_000 }), "broken-archive"],
  ["a member past the end", zip([{ ...member("a.npy"), packed: 100_000, size: 100_000 }]), "broken-archive"],
  ["a name that is not UTF-8", zip([member("a.npy")]).fill(0xff, 30, 31), "broken-archive"],
];

for (const [name, bytes, code] of archives) {
  test(`npz with ${name} is ${code}`, async () => {
    const cache = join(folder, "cache");
    assert.is(await codeOf(readWholeNpz(write(bytes))), code);
    assert.ok(!existsSync(cache) || readdirSync(join(cache, "saeq", "converted")).every((file) => file.endsWith(".safetensors")), "nothing half-written is left");
  });
}

/** Bytes that are asked for until an archive is refused. */
async function readUntilRefused(bytes: Buffer): Promise<number> {
  const place = join(folder, `counted-${(number += 1)}`);
  let count = 0;
  announce(place, place, { size: bytes.length, header: null, make: null, read: async (offset, length) => ((count += length), new Uint8Array(bytes.subarray(offset, offset + length))) });
  await readNpz(place).then(() => assert.unreachable(), (error: unknown) => assert.instance(error, CheckpointError));
  arrived(place);
  return count;
}

for (const name of ["a zip bomb: 100 MB of zeros in 100 kB", "a header that declares 1 TB", "a directory that declares 1 GB of a small member"]) {
  test(`npz with ${name} is refused after at most 1 MB of it was read`, async () => {
    const [, bytes] = archives.find(([each]) => each === name)!;
    assert.ok((await readUntilRefused(bytes)) <= 2 ** 20);
  });
}

test("an archive of 100 MB is refused by its directory and its headers alone", async () => {
  const large = zip([member("a.npy", npy(new Float32Array(25_000_000), [25_000_000])), member("b.npy", npyText(HUGE, Buffer.alloc(16)))]);
  assert.ok((await readUntilRefused(large)) <= 2 ** 20);
});

for (const deflate of [false, true]) {
  test(`an archive that is elsewhere, ${deflate ? "deflated" : "stored"}, is opened by less than 1 MB of it, and gives one of its arrays whole`, async () => {
    const values = Float32Array.from({ length: 300_000 }, (_, i) => (Math.sin(i * 12.9898) * 43758.5453) % 1);
    const bytes = zip(["a.npy", "b.npy"].map((name) => ({ ...member(name, npy(values, [values.length])), deflate })));
    const place = join(folder, `elsewhere-${deflate}`);
    let count = 0;
    announce(place, place, { size: bytes.length, header: null, make: null, read: async (offset, length) => ((count += length), new Uint8Array(bytes.subarray(offset, offset + length))) });
    const tensor = (await readNpz(place)).weights.tensors.get("b")!;
    assert.ok(count < 2 ** 20 && count < bytes.length / 2);
    const found: Uint8Array[] = [];
    for await (const piece of pieces(tensor)) found.push(piece.slice());
    arrived(place);
    assert.ok(Buffer.concat(found).equals(Buffer.from(values.buffer)));
  });
}

const literal = (text: string): (() => unknown) => () => parseNpyHeader(npyText(text, Buffer.alloc(0)), "array");
const headers: readonly (readonly [string, () => unknown])[] = [
  ["a call", literal("{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os').system('id'),), }")],
  ["an expression", literal("{'descr': '<f4', 'fortran_order': False, 'shape': (2**40,), }")],
  ["an unknown key", literal("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}")],
  ["a key twice", literal("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (2,), }")],
  ["a missing key", literal("{'descr': '<f4', 'shape': (2,), }")],
  ["a negative size", literal("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }")],
  ["an escape in text", literal("{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (2,), }")],
  ["a second literal behind it", literal("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } {}")],
  ["text that never ends", literal("{'descr': '<f4")],
  ["nesting of 10^4", literal("{'shape': ".concat("(".repeat(10_000)))],
  ["a length past the cap", () => parseNpyHeader(Buffer.concat([Buffer.from("\u0093NUMPY\u0002\u0000", "latin1"), Buffer.from([0, 0, 2, 0])]), "array")],
  ["version 9", () => parseNpyHeader(npyText("{}", Buffer.alloc(0), 9), "array")],
];

for (const [name, parse] of headers) {
  test(`a .npy header with ${name} is invalid-tensor`, () => {
    try {
      parse();
      assert.unreachable();
    } catch (error) {
      assert.ok(error instanceof CheckpointError, String(error));
      assert.is(error.code, "invalid-tensor");
    }
  });
}

for (const version of [1, 2, 3]) {
  test(`fortran_order, big-endian and a version ${version} header are converted right`, async () => {
    const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
    const columns = Float32Array.from([1, 4, 2, 5, 3, 6]);
    const big = Buffer.from(values.buffer.slice(0)).swap32();
    const file = write(zip(gemmaArrays({ W_enc: npy(columns, [2, 3], { fortran: true, version }) })));
    const sae = await readWholeSae(join(file, ".."), { convention: null });
    assert.is(sae.encoderLayout, "out_in");
    const plain = await readWholeSae(join(write(zip(gemmaArrays({ W_enc: npy(values, [2, 3], { version }) }))), ".."), { convention: null });
    const swapped = await readWholeSae(join(write(zip(gemmaArrays({ W_enc: npy(new Float32Array(big.buffer, big.byteOffset, 6), [2, 3], { descr: ">f4", version }) }))), ".."), { convention: null });
    const x = Float32Array.from([1, -0.5, 0.25, 2]);
    const expected = await encodeRows(emitEncode(plain), x, 2);
    assert.ok(expected.length > 2);
    assert.equal(await encodeRows(emitEncode(sae), x, 2), expected);
    assert.equal(await encodeRows(emitEncode(swapped), x, 2), expected);
    assert.match(swapped.notes[0] ?? "", /is converted once/);
  });
}

test("an array is mapped in place wherever in the file it lies: the bits are the same at every offset", async () => {
  const x = Float32Array.from({ length: 4 }, (_, i) => 0.3 * i - 0.4);
  const results = new Set<string>();
  const offsets = new Set<number>();
  for (let pad = 0; pad < 16; pad += 1) {
    const values = Float32Array.from({ length: 6 }, (_, i) => Math.sin(i + 1));
    const file = write(zip([{ name: "padding.npy", content: npy(ones(1), [1], { pad }) }, ...gemmaArrays({ W_enc: npy(values, [2, 3]) })]));
    const sae = await readWholeSae(join(file, ".."), { convention: null });
    assert.is(sae.encoder.file, file, "no copy");
    assert.equal(sae.notes, []);
    offsets.add(sae.encoder.offset % 16);
    results.add(JSON.stringify(await encodeRows(emitEncode(sae), x, 2)));
  }
  assert.is(offsets.size, 16);
  assert.is(results.size, 1);
});

test("a deflated archive is converted once, and again when it changes", async () => {
  const file = write(zip(gemmaArrays().map((each) => ({ ...each, deflate: true }))));
  const first = await readWholeSae(join(file, ".."), { convention: null });
  const copy = first.encoder.file;
  const written = statSync(copy).mtimeMs;
  const second = await readWholeSae(join(file, ".."), { convention: null });
  assert.is(second.encoder.file, copy);
  assert.is(statSync(copy).mtimeMs, written);
  assert.is(second.digest, first.digest);
  assert.match(second.notes[0] ?? "", /its converted copy is read/);
  for (const damage of [Buffer.alloc(0), readFileSync(copy).subarray(0, 50), Buffer.from("something else entirely")]) {
    writeFileSync(copy, damage);
    assert.match((await readWholeSae(join(file, ".."), { convention: null })).notes[0] ?? "", /is converted once/, "a damaged copy is made anew");
  }
  utimesSync(file, 1, 1);
  assert.is.not((await readWholeSae(join(file, ".."), { convention: null })).encoder.file, copy);
  assert.is(statSync(join(copy, "..")).mode & 0o777, 0o700);
});

test("a checksum that does not fit stops the conversion, and nothing stays", async () => {
  const before = readdirSync(join(folder, "cache", "saeq", "converted")).length;
  const [first, ...rest] = gemmaArrays().map((each) => ({ ...each, deflate: true }));
  assert.is(await codeOf(readWholeNpz(write(zip([{ ...first!, crc: 1 }, ...rest])))), "broken-archive");
  assert.is(readdirSync(join(folder, "cache", "saeq", "converted")).length, before);
});

const saes: readonly (readonly [string, Buffer, string])[] = [
  ["a missing array", zip(gemmaArrays({ W_dec: null })), "missing-tensor"],
  ["a threshold of another length", zip(gemmaArrays({}, [0.1, 0.2])), "shape-mismatch"],
  ["a threshold that is NaN", zip(gemmaArrays({}, [0.1, 0.2, NaN])), "nonfinite-weights"],
  ["a decoder of another width", zip(gemmaArrays({ W_dec: npy(ones(9), [3, 3]) })), "shape-mismatch"],
  ["an encoder that is a vector", zip(gemmaArrays({ W_enc: npy(ones(3), [3]) })), "shape-mismatch"],
  ["weights of whole numbers", zip(gemmaArrays({ W_enc: npy(ones(6), [2, 3], { descr: "<i4" }) })), "unsupported-dtype"],
];
for (const [name, bytes, code] of saes) {
  test(`a Gemma Scope SAE with ${name} is ${code}`, async () => assert.is(await codeOf(readWholeSae(join(write(bytes), ".."), { convention: null })), code));
}

// ---------------------------------------------------------------- files of torch.save

const formats = join(import.meta.dirname, "../parity/sae_formats");
const op = (...parts: readonly (number | string)[]): Buffer => Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part, "latin1"))));
const pickles: readonly (readonly [string, Buffer, string])[] = [
  ["os.system", op(0x80, 2, "cos\nsystem\n", "X\u0002\u0000\u0000\u0000id", 0x85, "R."), "pickle-refused"],
  ["os.system by STACK_GLOBAL", op(0x80, 4, 0x8c, 2, "os", 0x8c, 6, "system", 0x93, "."), "pickle-refused"],
  ["builtins.eval", op(0x80, 2, "c__builtin__\neval\n."), "pickle-refused"],
  ["torch.load inside", op(0x80, 2, "ctorch.serialization\nload\n."), "pickle-refused"],
  ["a name behind dots", op(0x80, 4, 0x8c, 5, "torch", 0x8c, 13, "Size.__init__", 0x93, "."), "pickle-refused"],
  ["an old instance (INST)", op(0x80, 2, "(ios\nsystem\n."), "pickle-refused"],
  ["an old object (OBJ)", op(0x80, 2, "(co.", "."), "broken-archive"],
  ["NEWOBJ", op(0x80, 2, "ccollections\nOrderedDict\n)", 0x81, "."), "pickle-refused"],
  ["an extension code (EXT1)", op(0x80, 2, 0x82, 1, "."), "pickle-refused"],
  ["a persistent id by line", op(0x80, 2, "Px\n."), "pickle-refused"],
  ["state for what is no dict", op(0x80, 2, "]}b."), "pickle-refused"],
  ["a call of what is no name", op(0x80, 2, "})R."), "pickle-refused"],
  ["an OrderedDict with arguments", op(0x80, 2, "ccollections\nOrderedDict\n}", 0x85, "R."), "pickle-refused"],
  ["no end", op(0x80, 2, "}"), "broken-archive"],
  ["nothing on the stack", op(0x80, 2, "."), "broken-archive"],
  ["a memo it never wrote", op(0x80, 2, "h\u0001."), "broken-archive"],
  ["text longer than the pickle", op(0x80, 2, "X\u00ff\u00ff\u00ff\u007f."), "broken-archive"],
  ["a key twice", op(0x80, 2, "}(X\u0001\u0000\u0000\u0000aNX\u0001\u0000\u0000\u0000aNu."), "broken-archive"],
  ["version 6", op(0x80, 6, "N."), "broken-archive"],
];
for (const [name, bytes, code] of pickles) {
  test(`a pickle with ${name} is ${code}`, async () => {
    assert.is(await codeOf(Promise.resolve().then(() => readPickle(bytes, "data.pkl"))), code);
    const file = write(zip([{ name: "archive/data.pkl", content: bytes }]), "ae.pt");
    assert.is(await codeOf(readTorchFile(file)), code);
  });
}

test("a dict within itself ends", async () => {
  const bytes = op(0x80, 2, "}q\u0000X\u0001\u0000\u0000\u0000ah\u0000s.");
  assert.is((await readTorchFile(write(zip([{ name: "archive/data.pkl", content: bytes }]), "ae.pt"))).tensors.size, 0);
});

test("a pickle without an archive, a cut file and two pickles are refused", async () => {
  assert.is(await codeOf(readTorchFile(write(op(0x80, 2, "}."), "ae.pt"))), "pickle-refused");
  const sound = readFileSync(join(formats, "dl_topk", "ae.pt"));
  assert.is(await codeOf(readTorchFile(write(sound.subarray(0, sound.length - 30), "ae.pt"))), "pickle-refused");
  const twice = ["a", "b"].map((name) => ({ name: `${name}/data.pkl`, content: op(0x80, 2, "}.") }));
  assert.is(await codeOf(readTorchFile(write(zip(twice), "ae.pt"))), "broken-archive");
});

/** One tensor [2, 3] of float32 with these strides, offset and size of storage. */
function torchFile({ stride = [3, 1], offset = 0, count = 6, stored = 6, deflate = false, order = "little" } = {}): Buffer {
  const text = (value: string): Buffer => op("X", String.fromCharCode(value.length, 0, 0, 0), value);
  const ints = (...values: readonly number[]): Buffer => Buffer.concat([...values.map((value) => op("K", value)), op(0x84 + values.length)]);
  const storage = Buffer.concat([op("("), text("storage"), op("ctorch\nFloatStorage\n"), text("0"), text("cpu"), op("K", count, "tQ")]);
  const tensor = Buffer.concat([op("ctorch._utils\n_rebuild_tensor_v2\n("), storage, op("K", offset), ints(2, 3), ints(...stride), op(0x89, "ccollections\nOrderedDict\n)RtR")]);
  const pickle = Buffer.concat([op(0x80, 2, "}"), text("w"), tensor, op("s.")]);
  return zip([{ name: "archive/data.pkl", content: pickle }, { name: "archive/byteorder", content: Buffer.from(order) }, { name: "archive/data/0", content: new Uint8Array(stored * 4), deflate }]);
}

test("a tensor is where its storage is; a transposed one is read by columns; any other view is refused", async () => {
  const plain = (await readTorchFile(write(torchFile(), "ae.pt"))).tensors.get("w");
  assert.equal([plain?.dtype, plain?.shape, plain?.length, plain?.columnMajor], ["F32", [2, 3], 24, false]);
  assert.is((await readTorchFile(write(torchFile({ stride: [1, 2] }), "ae.pt"))).tensors.get("w")?.columnMajor, true);
  const cases: readonly (readonly [Parameters<typeof torchFile>[0], string])[] = [
    [{ stride: [4, 1], count: 8, stored: 8 }, "unsupported-sae"],
    [{ stride: [0, 0] }, "unsupported-sae"],
    [{ offset: 1 }, "invalid-tensor"],
    [{ count: 7 }, "invalid-tensor"],
    [{ stored: 5 }, "invalid-tensor"],
    [{ deflate: true }, "invalid-tensor"],
    [{ order: "big" }, "unsupported-dtype"],
  ];
  for (const [options, code] of cases) assert.is(await codeOf(readTorchFile(write(torchFile(options), "ae.pt"))), code, JSON.stringify(options));
});

test.run();
