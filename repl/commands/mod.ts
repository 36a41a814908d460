/** Without this file there would be commands but no list of them. */
import type { Command } from "./command.ts";
import { help } from "./help.ts";
import { load } from "./load.ts";
import { ls } from "./ls.ts";
import { plan } from "./plan.ts";
import { save } from "./save.ts";
import { cancel, quit, reset } from "./session.ts";
import { set } from "./set.ts";
import { mode, rows, time, wide } from "./view.ts";

/** Every dot command, in the order `.help` lists them. */
export const commands: readonly Command[] = [help, set, ls, mode, rows, wide, time, plan, save, load, cancel, reset, quit];
