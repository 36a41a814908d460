/** Without this file the command line could not be spawned without an engine: saeq on the fake session. */
import { main } from "../../repl/main.ts";
import { createSession } from "./fake_session.ts";

await main(process.argv.slice(2), { createSession });
