/** Without this file `--format json` could print no rows of a large file that the script saves as well. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseArguments } from "../../repl/arguments.ts";
import type { Request } from "../../repl/request.ts";
import { openSession, type Shop } from "../../repl/subcommands/shop.ts";
import type { Session, SessionOptions } from "../../runtime/session/session_port.ts";

for (const [format, unseen] of [["table", true], ["json", false], ["csv", false], ["jsonl", false]] as const) {
  test(`--format ${format}: what is saved is ${unseen ? "not " : ""}asked for as well`, async () => {
    const { options } = parseArguments(["run", "--format", format, "x.saeq"], { version: "0", piped: false }) as Exclude<Request, { kind: "say" }>;
    let wanted: SessionOptions | null = null;
    const createSession = async (asked: SessionOptions): Promise<Session> => {
      wanted = asked;
      return {} as Session;
    };
    await openSession({ options, cwd: "/", createSession } as unknown as Shop, { readFrom: "/", grants: { read: true, write: true } });
    assert.is((wanted as SessionOptions | null)?.savedUnseen, unseen);
  });
}

test.run();
