/** Without this file results would have to be marked with the mouse, through colours and line breaks. */
import { spawnSync } from "node:child_process";

type Env = Readonly<Record<string, string | undefined>>;

/** Terminals cut OSC 52 at 100,000 bytes of base64, some at less: xterm's own limit is the safe one. */
const MOST_OSC52_BYTES = 74_994;

export type Clipping = { readonly by: "program" } | { readonly by: "terminal"; readonly sequence: string } | { readonly by: "nothing"; readonly why: string };

/** The program that owns the clipboard of this machine's own screen; null over SSH, where that is not the user's. */
export function clipboardProgram(env: Env, platform: string): readonly string[] | null {
  if ((env["SSH_CONNECTION"] ?? env["SSH_TTY"] ?? "") !== "") return null;
  if (platform === "darwin") return ["pbcopy"];
  if (platform === "win32") return ["clip.exe"];
  if ((env["WAYLAND_DISPLAY"] ?? "") !== "") return ["wl-copy"];
  return (env["DISPLAY"] ?? "") === "" ? null : ["xclip", "-selection", "clipboard"];
}

/**
 * Put a text on the clipboard: by the desktop's own program where there is one, else by asking the terminal (OSC 52, as in xterm's ctlseqs),
 * which also works over SSH. The text travels as base64, so nothing in it can act on the terminal.
 */
export function clip(text: string, env: Env, platform: string = process.platform): Clipping {
  const [program, ...args] = clipboardProgram(env, platform) ?? [];
  if (program !== undefined && spawnSync(program, args, { input: text, stdio: ["pipe", "ignore", "ignore"], timeout: 3000 }).status === 0) return { by: "program" };
  const encoded = Buffer.from(text).toString("base64");
  if (encoded.length > MOST_OSC52_BYTES) return { by: "nothing", why: `that is ${Buffer.byteLength(text).toLocaleString("en-US")} bytes, more than a terminal takes; save "rows.tsv" writes it` };
  return { by: "terminal", sequence: `\x1b]52;c;${encoded}\x07` };
}
