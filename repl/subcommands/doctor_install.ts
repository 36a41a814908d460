/** Without this file the CUDA provider could be added only by who knows how onnxruntime-node installs itself. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { visible } from "../../grammar/visible.ts";
import { installCuda, InstallError } from "../../runtime/engine/provider_install.ts";
import { CUDA_FILES, runtimeFolder, surroundings } from "../../runtime/engine/providers.ts";
import type { Shop } from "./shop.ts";

/** `saeq doctor --install cuda`, with `--from DIR` or by onnxruntime-node's own installer. 1 where it failed; nothing half done is left. */
export async function install(from: string | null, version: string, shop: Shop): Promise<number> {
  const folder = runtimeFolder();
  const fail = (message: string, help: string): number => {
    shop.stderr.write(`error: ${visible(message)}\nhelp: ${visible(help)}\n`);
    return 1;
  };
  if (folder === null) return fail("onnxruntime-node is not installed for this machine", "npm ci");
  if (process.platform !== "linux" || process.arch !== "x64") return fail(`the CUDA provider of onnxruntime-node is for Linux on x64 only, this is ${process.platform} on ${process.arch}`, "set ep webgpu uses the graphics card without CUDA");
  try {
    if (from !== null) {
      for (const line of await installCuda(from, folder, version, process.arch)) shop.stdout.write(`copied ${visible(line)}\n`);
    } else {
      shop.stderr.write("onnxruntime-node's installer downloads about 250 MB from NuGet; Ctrl-C stops it\n");
      const code = await runInstaller(join(folder, "..", "..", "..", "..", "script", "install.js"), shop);
      const { exists } = surroundings(null);
      if (code !== 0 || !CUDA_FILES.every((name) => exists(join(folder, name))))
        return fail(`onnxruntime-node's installer did not finish (exit code ${code}): most often NuGet cannot be reached from here`, `pip download --no-deps onnxruntime-gpu==${version}, unpack it, then saeq doctor --install cuda --from …/onnxruntime/capi`);
      shop.stdout.write(`installed ${CUDA_FILES.join(", ")}\n`);
    }
  } catch (error) {
    if (error instanceof InstallError) return fail(error.message, error.help);
    throw error;
  }
  shop.stdout.write("saeq doctor says whether it works\n");
  return 0;
}

/** With what it asks for to install although it stands in a project (`script/install.js`); what it writes goes to stderr. Resolves with its exit code. */
function runInstaller(script: string, shop: Shop): Promise<number> {
  return new Promise((resolve) => {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    const child = spawn(process.execPath, [script], { env: { ...own, ONNXRUNTIME_NODE_INSTALL: "true" }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => shop.stderr.write(visible(text, { keepNewlines: true })));
    child.once("error", () => resolve(127));
    child.once("close", (code) => resolve(code ?? 1));
  });
}
