/** Without this file editors could not start the language server. */
import type { Request } from "../request.ts";
import { packageVersion } from "../../runtime/package_root.ts";
import type { Shop } from "./shop.ts";

/** `saeq lsp`: speaks on stdin and stdout until the editor says `exit`; then the process ends by itself. */
export async function startLanguageServer(_request: Extract<Request, { kind: "lsp" }>, { stdin, stdout, cwd }: Shop): Promise<never> {
  const { serve } = await import("../lsp/server.ts");
  serve({ input: stdin, output: stdout, version: packageVersion(), cwd });
  return new Promise<never>(() => {});
}
