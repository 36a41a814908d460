/** Without this file there would be commands but no list of them. */
import type { Command } from "./command.ts";
import { cache } from "./cache.ts";
import { copy } from "./copy.ts";
import { edit } from "./edit.ts";
import { graphics } from "./graphics.ts";
import { help } from "./help.ts";
import { load } from "./load.ts";
import { log } from "./log.ts";
import { ls } from "./ls.ts";
import { models, sae } from "./models.ts";
import { open } from "./open.ts";
import { plan } from "./plan.ts";
import { save } from "./save.ts";
import { cancel, quit, reset } from "./session.ts";
import { set } from "./set.ts";
import { theme } from "./theme.ts";
import { mode, rows, time, wide } from "./view.ts";

/** Every dot command, in the order `.help` lists them. */
export const commands: readonly Command[] = [help, open, models, sae, set, ls, mode, rows, wide, time, plan, cache, save, load, edit, copy, log, theme, graphics, cancel, reset, quit];
