/** Without this file the choice of a device could depend on what the test machine happens to have. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { environmentOf } from "../../runtime/engine/device_environment.ts";
import { failureOf } from "../../runtime/engine/faults.ts";
import { placement, probe } from "../../runtime/engine/placement.ts";
import { EngineError } from "../../runtime/engine/port.ts";
import { lookAround, type Surroundings } from "../../runtime/engine/providers.ts";
import { open, run } from "../session/open.ts";

/** A machine of these files. */
function machine(files: readonly string[], more: Partial<Surroundings> = {}): Surroundings {
  return {
    platform: "linux",
    arch: "x64",
    env: {},
    exists: (path) => files.includes(path),
    loaderCache: () => "",
    list: (folder) => files.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
    runtime: "/ort",
    library: null,
    ...more,
  };
}

const LOADER = "/usr/lib/x86_64-linux-gnu/libvulkan.so.1";
const MESA = "/usr/share/vulkan/icd.d/radeon_icd.x86_64.json";
const RADEON = [LOADER, MESA, "/dev/dri/renderD128"];
const CUDA = ["/ort/libonnxruntime_providers_shared.so", "/ort/libonnxruntime_providers_cuda.so", "/usr/lib/x86_64-linux-gnu/libcuda.so.1"];
const works = async (): Promise<null> => null;
const never = async (): Promise<never> => assert.unreachable("nothing is to be started") as never;
const chosen = async (files: readonly string[], probe: () => Promise<string | null> = works, more: Partial<Surroundings> = {}): Promise<string> => {
  const { target, reason } = await placement("auto", null, machine(files, more), null, probe);
  return `${target.provider} ${target.dtype}: ${reason}`;
};
const refused = async (job: Promise<unknown>): Promise<EngineError> => job.then(() => assert.unreachable() as never, (error) => error as EngineError);

test("auto takes the first that is there and works, and says why the others are not taken", async () => {
  assert.match(await chosen([], never), /^cpu f32: auto; cuda: the provider's library is not installed; no NVIDIA driver.*; webgpu: no Vulkan loader/);
  assert.match(await chosen(RADEON), /^webgpu f32: auto; cuda:/);
  assert.is(await chosen([...RADEON, ...CUDA]), "cuda f32: auto: the fastest here");
  assert.match(await chosen(RADEON, async () => "no adapter"), /^cpu f32: .*webgpu: no adapter/);
  assert.match(await chosen([], works, { platform: "darwin" }), /^webgpu f32/);
});

test("auto never takes a device that is only imitated, nor one without a card", async () => {
  assert.match(await chosen([LOADER, "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "/dev/dri/renderD128"], never), /^cpu.*only a software driver/);
  assert.match(await chosen([LOADER, MESA], never), /^cpu.*no graphics card/);
  assert.match(await chosen([LOADER, "/swift/vk_swiftshader_icd.json"], never, { env: { VK_DRIVER_FILES: "/swift/vk_swiftshader_icd.json" } }), /^cpu.*only a software driver/);
});

test("auto takes the CPU for what no device computes, and says why; a device that was asked for is asked for still", async () => {
  const only = "layer 0 chooses experts for each token, which is computed on the CPU only";
  const { target, reason } = await placement("auto", null, machine(RADEON), only, never);
  assert.is(target.provider, "cpu");
  assert.match(reason, /^auto; cuda: the provider's library is not installed.*; webgpu: layer 0 chooses experts for each token, which is computed on the CPU only$/);
  assert.is((await placement("webgpu", null, machine(RADEON), only, never)).target.provider, "webgpu");
});

test("a provider is started with a product and with a kernel of its own", async () => {
  assert.is(await probe({ provider: "cpu", dtype: "f32" }, null), null);
});

test("auto with a number type takes only who computes in it", async () => {
  assert.is((await placement("auto", "f16", machine(RADEON), null, works)).target.provider, "webgpu");
  assert.match((await refused(placement("auto", "bf16", machine(RADEON), null, works))).message, /no provider here computes in bf16: .*webgpu: does not compute in bf16/);
});

test("a provider that was asked for and is absent is an error that lists those there are, never another one", async () => {
  const error = await refused(placement("cuda", null, machine(RADEON), null, never));
  assert.instance(error, EngineError);
  assert.is(error.code, "no-provider");
  assert.match(error.message, /^cuda cannot be used here: the provider's library is not installed; no NVIDIA driver/);
  assert.is(error.help, "set ep webgpu");
  assert.equal(error.notes, ["to add it: saeq doctor --install cuda", "to choose here: webgpu, cpu; saeq doctor tells more"]);
  const bare = await refused(placement("webgpu", null, machine([]), null, never));
  assert.is(bare.help, "set ep cpu");
  assert.is(bare.notes[0], "to add it: apt-get install libvulkan1");
  assert.match((await refused(placement("webgpu", "bf16", machine(RADEON), null, never))).help, /set dtype f32\|f16/);
  assert.match((await refused(placement("openvino", null, machine([]), null, never))).message, /no plugin library was named/);
});

test("through a session it is exit code 8, and nothing is computed", async () => {
  const session = await open({ settings: { ep: "openvino" } });
  const { outcome, codes, values } = await run(session, "sample perfect 2 | acts layer 7 | top 3");
  assert.equal([outcome.exitCode, codes, values.length], [8, ["no-provider"], 0]);
  assert.is((await run(session, "sample perfect 2")).outcome.exitCode, 0, "tables need no device");
  await session.close();
});

test("what is missing is said with the command that adds it", () => {
  const facts = Object.fromEntries(lookAround(machine([...CUDA.slice(0, 2), LOADER])).map((each) => [each.provider, each]));
  assert.equal([facts["cuda"]!.missing, facts["cuda"]!.remedy], ["no NVIDIA driver (libcuda.so.1)", "install NVIDIA's driver"]);
  assert.match(facts["webgpu"]!.missing ?? "", /no Vulkan driver is described/);
  assert.is(facts["cpu"]!.missing, null);
  assert.match(lookAround(machine([], { arch: "arm64" }))[0]!.missing ?? "", /Linux on x64 only/);
});

const GPU = { provider: "cuda", dtype: "f32" } as const;
const failed = (message: string, opening = false) => ({ kind: "failed", id: 1, opening, message }) as const;

test("a full device is told with the settings that make room, none of which is changed silently", () => {
  for (const message of ["CUDA failure 2: out of memory ; GPU=0", "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 4294967296", "VK_ERROR_OUT_OF_DEVICE_MEMORY"]) {
    const error = failureOf(failed(message), GPU, []);
    assert.is(error.code, "out-of-memory", message);
    assert.match([error.help, ...error.notes].join("; "), /^set batch .*set dtype f16.*other results.*set ep cpu/);
  }
  assert.match(failureOf(failed("std::bad_alloc"), { provider: "cpu", dtype: "f32" }, []).help, /^set batch 1 lanes 1$/);
});

test("a lost device is told apart from a full one and from a provider that never started", () => {
  for (const message of ["CUDA failure 700: an illegal memory access was encountered", "GPU device was lost", "VK_ERROR_DEVICE_LOST", "uncorrectable ECC error encountered", "CUDA failure 719: unspecified launch failure"]) assert.is(failureOf(failed(message), GPU, []).code, "device-lost", message);
  assert.is(failureOf(failed("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version", true), GPU, []).code, "no-provider");
  assert.is(failureOf(failed("CUDA failure 100: no CUDA-capable device is detected", true), GPU, []).code, "no-provider");
  assert.is(failureOf(failed("Non-zero status code returned"), GPU, []).code, "engine-failed");
});

test("nodes without a kernel are named from what the runtime logged", () => {
  const log = ["…webgpu kernel not found in registries for Op type: NonZero node name: /taps/0/at", "…webgpu kernel not found in registries for Op type: NonZero node name: /taps/0/at"];
  assert.match(failureOf(failed("fallback to CPU EP has been explicitly disabled", true), { provider: "webgpu", dtype: "f32" }, log).message, /no kernel for part of this graph: NonZero at \/taps\/0\/at$/);
  const nowhere = "Exception during initialization: /onnxruntime_src/onnxruntime/core/optimizer/transformer_memcpy.cc:253 bool IsNodeCompatibleWithProvider(const onnxruntime::Node&) const !node_provider_type.empty() was false. Provider type for Greater node with name '/lm_head/far' is not set.";
  assert.match(failureOf(failed(nowhere, true), { provider: "cuda", dtype: "bf16" }, []).message, /^cuda has no kernel for part of this graph: Greater at \/lm_head\/far$/);
});

test("float32 on CUDA is float32, that of an encoder beside a model in half precision too: TF32 is off", () => {
  for (const dtype of ["f32", "f16", "bf16"] as const) assert.equal(environmentOf({ provider: "cuda", dtype }, {}, () => false), { NVIDIA_TF32_OVERRIDE: "0" });
  assert.equal(environmentOf({ provider: "webgpu", dtype: "f32" }, {}, () => false), {});
});

test("a driver is found where the loader's list has it, and where containers have it, which its process is then told", async () => {
  const provider = CUDA.slice(0, 2);
  const listed = `glibc-ld.so.cache1.1\0libcuda.so.1\0/opt/drivers/libcuda.so.1\0libxcuda.so.1\0`;
  assert.match(await chosen([...provider, "/opt/drivers/libcuda.so.1"], works, { loaderCache: () => listed }), /^cuda f32/);
  assert.match(await chosen(provider, works, { loaderCache: () => listed }), /no NVIDIA driver/, "a list is old where the file is gone");
  const nvidia = ["/usr/local/nvidia/lib64/libcuda.so.1", "/usr/local/nvidia/lib64/libvulkan.so.1", "/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json", "/dev/nvidia0"];
  assert.match(await chosen([...provider, ...nvidia]), /^cuda f32/);
  assert.match(await chosen(nvidia), /^webgpu f32/);
  const there = (path: string): boolean => ["/usr/local/nvidia/lib64", "/usr/local/nvidia/share/vulkan/icd.d"].includes(path);
  assert.equal(environmentOf({ provider: "cuda", dtype: "f32" }, { LD_LIBRARY_PATH: "/own" }, there), { NVIDIA_TF32_OVERRIDE: "0", LD_LIBRARY_PATH: "/own:/usr/local/nvidia/lib64" });
  assert.equal(environmentOf({ provider: "webgpu", dtype: "f32" }, {}, there), { LD_LIBRARY_PATH: "/usr/local/nvidia/lib64", XDG_DATA_DIRS: "/usr/local/share:/usr/share:/usr/local/nvidia/share" });
  assert.equal(environmentOf({ provider: "cpu", dtype: "f32" }, {}, there), {});
});

test("what is installed wrongly is told as that, and not as a lost device that could come back", () => {
  for (const [code, says] of [[802, /fabric manager/], [803, /do not fit/], [209, /without kernels/], [35, /driver is older/], [999, /a reason it does not name/]] as const) {
    for (const opening of [true, false]) {
      const error = failureOf(failed(`CUDA failure ${code}: whatever it says`, opening), GPU, []);
      assert.is(error.code, "no-provider", String(code));
      assert.match(error.message, says);
    }
  }
  // As a kernel's failure is told.
  const launched = (name: string, words: string) => failureOf(failed(`Non-zero status code returned while running Mul node. Name:'/x' Status Message: CUDA error ${name}:${words}`), GPU, []);
  assert.match(launched("cudaErrorNoKernelImageForDevice", "no kernel image is available for execution on the device").message, /cannot be used: .*without kernels for this card$/);
  assert.is(launched("cudaErrorMisalignedAddress", "misaligned address").code, "device-lost");
  assert.is(launched("cudaErrorMemoryAllocation", "out of memory").code, "out-of-memory");
  assert.is(failureOf(failed("CUDA failure 700: an illegal memory access was encountered", true), GPU, []).code, "no-provider", "a device that is lost while it starts does not start");
});

test.run();
