/** Without this file tests of WebGPU would need a graphics card, or pass unseen without one. */
import { existsSync } from "node:fs";

/** Where Debian's package chromium-common puts the description of SwiftShader, a Vulkan driver that runs on the processor. */
const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const LOADERS = ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1", "/usr/lib64/libvulkan.so.1"];

/** Why WebGPU cannot be tested here, or null. */
export const absent: string | null = !existsSync(DRIVER)
  ? "SKIPPED: no SwiftShader here (apt-get install chromium-common)"
  : !LOADERS.some(existsSync)
    ? "SKIPPED: no Vulkan loader here (apt-get install libvulkan1)"
    : null;

/** Environment of a process that is to run WebGPU on SwiftShader. */
export const SWIFTSHADER: Readonly<Record<string, string>> = { VK_DRIVER_FILES: DRIVER, VK_ICD_FILENAMES: DRIVER, XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] ?? "/tmp" };
