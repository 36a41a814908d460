/** Without this file the published program would be five hundred modules, which take longer to find than to run. `node build.ts` writes `dist/`. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Metafile } from "esbuild";

const ROOT = fileURLToPath(new URL("./", import.meta.url));

/** Packages that stay beside the bundle, so package.json names them: native ones, those that are large and seldom asked for, and Yoga, which comes without the text of its licence. */
const APART = ["onnxruntime-node", "koffi", "@resvg/resvg-js", "mathjs", "string-width", "@huggingface/hub", "vscode-languageserver", "vscode-languageserver-textdocument", "yoga-layout", "react-devtools-core"];

/** How the program is bundled; the tests bundle their own programs in the same way. */
export const COMMON: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  // What one command does not need it does not load, as in the sources.
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  external: APART.flatMap((name) => [name, `${name}/*`]),
  // Parts are named by what they hold: `runtime/cache/tokenizer_code.ts` takes their names for their content.
  chunkNames: "[name]-[hash]",
  metafile: true,
  logLevel: "warning",
  // The sources choose React's production build when they run; here it is chosen already.
  logOverride: { "assign-to-define": "silent" },
};

/** Packages of CommonJS ask for what Node has by `require`. */
export const REQUIRE = { js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);' };

/**
 * Write the program as it is published into a folder, which is emptied: `main.js` with its parts, the engine's process in a room of its own, which is
 * all that it may read (`runtime/engine/confinement.ts`), and the licences of all that is bundled.
 */
export async function bundle(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const program = await build({ ...COMMON, entryPoints: ["repl/main.ts"], outdir: folder, banner: REQUIRE, define: { "process.env.NODE_ENV": '"production"' } });
  const engine = await build({ ...COMMON, entryPoints: ["runtime/engine/lane_main.ts"], outdir: join(folder, "engine") });
  writeFileSync(join(folder, "LICENSES.txt"), licences([program.metafile!, engine.metafile!]));
}

/** Name, version and licence of each package of which something is in these bundles. @throws Error where a package has no text of a licence */
function licences(metafiles: readonly Metafile[]): string {
  const inputs = metafiles.flatMap(({ outputs }) => Object.values(outputs)).flatMap(({ inputs }) => Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])));
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  return [...folders].sort().map((folder) => licence(join(ROOT, folder))).join(`\n${"-".repeat(80)}\n\n`);
}

function licence(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly name: string; readonly version: string };
  const files = readdirSync(folder);
  const text = (file: string | undefined): string | undefined => (file === undefined ? undefined : readFileSync(join(folder, file), "utf8"));
  const whole = text(files.find((each) => /^(licen[cs]e|copying)/i.test(each))) ?? /^#*\s*licen[cs]e\b[^]*/im.exec(text(files.find((each) => /^readme/i.test(each))) ?? "")?.[0];
  if (whole === undefined) throw new Error(`${name} ${version} has no text of its licence`);
  return `${name} ${version}\n\n${whole.trim()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(join(ROOT, "dist"));
