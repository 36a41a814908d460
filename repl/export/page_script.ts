/** Without this file the plots of a page could not be zoomed, nor tell figures under the pointer. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Runs in the page: each drawing is replaced by the same one with tools; where that fails the drawing stays. Data is read as JSON, never as code. */
const VIEWER = `
for (const figure of document.querySelectorAll("figure.plot")) {
  const place = document.createElement("div");
  const spec = JSON.parse(figure.querySelector("script").textContent);
  new vega.View(vega.parse(spec, null, { ast: true }), { expr: expressionInterpreter, renderer: "svg", container: place, hover: true, logLevel: vega.Error })
    .runAsync()
    .then(() => figure.querySelector("svg").replaceWith(place));
}
`;

/**
 * Vega, its interpreter and the viewer as one script. Vega compiles expressions with \`Function\`, which the page's policy forbids: the interpreter
 * walks their trees instead. The same packages give the same bytes.
 */
export function pageScript(): string {
  const require = createRequire(import.meta.url);
  const vega = packageFile(require, "vega", "build/vega.min.js");
  const interpreter = interpreterBody(packageFile(require, "vega-interpreter", "build/vega-interpreter.js"));
  const licence = packageFile(require, "vega", "LICENSE").replaceAll("*/", "* /");
  return harmless(`/*\nVega and vega-interpreter:\n${licence}*/\n${vega.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "")}\n(() => {\n"use strict";\n${interpreter}\n${VIEWER}})();\n`);
}

/** The module as statements: its imports are part of Vega, its export is a name. */
function interpreterBody(text: string): string {
  const body = text
    .replace(/^import \{([^}]*)\} from 'vega-util';$/m, "const {$1} = vega;")
    .replace(/^export \{ (\w+) as expressionInterpreter \};$/m, "const expressionInterpreter = $1;")
    .replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "");
  if (/^(import|export)\b/m.test(body) || !body.includes("const expressionInterpreter = ")) throw new Error("vega-interpreter has another form than the one this page is made for");
  return body;
}

/** Nothing in a script may look like its end. */
function harmless(script: string): string {
  return script.replaceAll(/<\/(script)/gi, "<\\/$1").replaceAll("<!--", "<\\!--");
}

function packageFile(require: NodeJS.Require, name: string, file: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return readFileSync(join(folder, name, file), "utf8");
    } catch {
      // Not in this one.
    }
  }
  throw new Error(`the package ${name} is not installed beside ${dirname(import.meta.url)}`);
}
