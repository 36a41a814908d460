/** Without this file there would be no words for leaving, stopping and starting afresh. */
import type { Command } from "./command.ts";

export const cancel: Command = { name: ".cancel", usage: ".cancel", doc: "stop the running query, as Ctrl-C does", run: () => ({ then: "cancel" }) };
export const reset: Command = { name: ".reset", usage: ".reset", doc: "forget names, results and settings", run: () => ({ then: "reset" }) };
export const quit: Command = { name: ".quit", usage: ".quit", doc: "leave, as Ctrl-D does", run: () => ({ then: "exit" }) };
