/** Without this file bug reports would lack what they turn on: versions, processor, memory and terminal. */
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { createRequire } from "node:module";
import { visible } from "../../grammar/visible.ts";
import type { Request } from "../arguments.ts";
import { packageRoot, packageVersion, versionOf } from "../package_root.ts";
import { wantsPlain } from "../terminal.ts";
import type { Shop } from "./shop.ts";

/** `saeq doctor`: facts only, nothing that names the user. */
export async function doctor(_request: Extract<Request, { kind: "doctor" }>, shop: Shop): Promise<number> {
  const { dataLook: look, stdout } = shop;
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const allowed = process.constrainedMemory();
  const limit = allowed > 0 && allowed < totalmem() ? `, limited to ${gib(allowed)}` : "";
  const facts: readonly (readonly [string, string])[] = [
    ["saeq", packageVersion()],
    ["node", `${process.version} ${process.platform} ${process.arch}`],
    ["onnxruntime-node", dependency("onnxruntime-node")],
    ["chevrotain", dependency("chevrotain")],
    ["ink", dependency("ink")],
    ["processor", `${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} cores usable`],
    ["memory", `${gib(totalmem())}, ${gib(freemem())} free${limit}`],
    ["terminal", `${look.tty ? `${look.width} columns` : "not a terminal"}, ${look.color ? "colour" : "no colour"}, ${look.ascii ? "ASCII" : "Unicode"}${wantsPlain(process.env) ? ", plain" : ""}, TERM=${visible(process.env["TERM"] ?? "")}`],
  ];
  for (const [name, value] of facts) stdout.write(`${name.padEnd(18)}${value}\n`);
  return 0;
}

function dependency(name: string): string {
  try {
    const require = createRequire(`${packageRoot()}/package.json`);
    const file = (require.resolve.paths(name) ?? []).map((folder) => `${folder}/${name}/package.json`).find((path) => versionOf(path) !== null);
    return (file === undefined ? null : versionOf(file)) ?? "missing";
  } catch {
    return "missing";
  }
}
