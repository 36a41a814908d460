/** Without this file help would exist only inside the REPL. */
import { visible } from "../../grammar/visible.ts";
import type { Request } from "../arguments.ts";
import { commands } from "../commands/mod.ts";
import { allGranted, mistake, openSession, type Shop } from "./shop.ts";

/** `saeq doc [WORD]` */
export async function doc(request: Extract<Request, { kind: "doc" }>, shop: Shop): Promise<number> {
  const session = await openSession(shop, { readFrom: shop.cwd, grants: allGranted });
  try {
    const text = request.word === null ? opening(session.help("")) : (session.help(request.word) ?? commandHelp(request.word));
    if (text === null) {
      mistake(shop, `no help for \`${visible(request.word ?? "")}\`; it may be a stage, keyword, setting or error code`);
      return 2;
    }
    shop.stdout.write(`${visible(text.replace(/\n+$/, ""), { keepNewlines: true })}\n`);
    return 0;
  } finally {
    await session.close();
  }
}

function commandHelp(word: string): string | null {
  const command = commands.find((one) => one.name === word);
  return command === undefined ? null : `${command.usage}\n${command.doc}`;
}

function opening(overview: string | null): string {
  return overview ?? "saeq doc WORD explains a stage, keyword, setting or error code. Start with: saeq doc acts\nA first query: saeq eval 'sample perfect 10 | acts layer 7 | top 10'";
}
