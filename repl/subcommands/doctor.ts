/** Without this file bug reports would lack what they turn on, and nobody would know what to install. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { visible } from "../../grammar/visible.ts";
import { freeBytes } from "../../runtime/data/free_bytes.ts";
import { diagnoseMachine, diagnoseProviders, type ProviderDiagnosis } from "../../runtime/engine/diagnosis.ts";
import { surroundings } from "../../runtime/engine/providers.ts";
import type { Request } from "../request.ts";
import { installedVersion, packageVersion } from "../../runtime/package_root.ts";
import { wantsPlain } from "../terminal.ts";
import { install } from "./doctor_install.ts";
import { mistake, type Shop } from "./shop.ts";

/** `saeq doctor`: facts only, nothing that names the user. 1 where nothing can run, or an installation failed. */
export async function doctor(request: Extract<Request, { kind: "doctor" }>, shop: Shop): Promise<number> {
  if (request.install !== null) return install(request.from === null ? null : resolve(shop.cwd, request.from), found("onnxruntime-node"), shop);
  if (request.from !== null) {
    mistake(shop, "--from belongs to --install");
    return 2;
  }
  const library = shop.options.library;
  const providers = await diagnoseProviders(surroundings(library === null ? null : resolve(shop.cwd, library)));
  const facts = factsOf(providers, shop);
  if (shop.options.format === "json") shop.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
  else shop.stdout.write(printed(facts));
  return providers.some(({ state }) => state === "works") ? 0 : 1;
}

function factsOf(providers: readonly ProviderDiagnosis[], { dataLook: look }: Shop) {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const terminal = { columns: look.tty ? look.width : null, color: look.color, unicode: !look.ascii, plain: wantsPlain(process.env), term: visible(process.env["TERM"] ?? "") };
  return {
    versions: { saeq: packageVersion(), node: process.version, platform: `${process.platform} ${process.arch}`, "onnxruntime-node": found("onnxruntime-node"), chevrotain: found("chevrotain"), ink: found("ink") },
    machine: diagnoseMachine(),
    disk: { cache: tilde(cache), freeBytes: freeBytes(cache), hereFreeBytes: freeBytes(process.cwd()) },
    terminal,
    providers: providers.map((each) => ({ ...each, detail: tilde(each.detail) })),
  };
}

function tilde(text: string): string {
  return text.replaceAll(homedir(), "~");
}

const gib = (bytes: number | null): string => (bytes === null ? "unknown" : `${(bytes / 2 ** 30).toFixed(1)} GiB`);

function printed({ versions, machine, disk, terminal, providers }: ReturnType<typeof factsOf>): string {
  const limit = machine.limitBytes === null ? "" : `, limited to ${gib(machine.limitBytes)}`;
  const lines: (readonly [string, string])[] = [
    ["saeq", versions.saeq],
    ["node", `${versions.node} ${versions.platform}`],
    ["onnxruntime-node", versions["onnxruntime-node"]],
    ["chevrotain", versions.chevrotain],
    ["ink", versions.ink],
    ["processor", `${machine.processor}, ${machine.cores} cores usable`],
    ["memory", `${gib(machine.memoryBytes)}, ${gib(machine.freeMemoryBytes)} free${limit}`],
    ["graphics", machine.adapters.length === 0 ? "no card is told by nvidia-smi or vulkaninfo" : machine.adapters.join("; ")],
    ["disk", `${gib(disk.hereFreeBytes)} free here, ${gib(disk.freeBytes)} in ${disk.cache}`],
    ["terminal", `${terminal.columns === null ? "not a terminal" : `${terminal.columns} columns`}, ${terminal.color ? "colour" : "no colour"}, ${terminal.unicode ? "Unicode" : "ASCII"}${terminal.plain ? ", plain" : ""}, TERM=${terminal.term}`],
  ];
  for (const { provider, state, detail, dtypes, remedy } of providers) {
    lines.push([`ep ${provider}`, `${state}${state === "works" ? ` (${dtypes.join(", ")})` : ""}${detail === "" ? "" : `: ${detail}`}`]);
    if (remedy !== null) lines.push(["", `to add it: ${remedy}`]);
  }
  return lines.map(([name, value]) => `${name.padEnd(18)}${visible(value)}\n`).join("");
}

const found = (name: string): string => installedVersion(name) ?? "missing";
