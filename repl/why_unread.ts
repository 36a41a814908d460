/** Without this file a script that cannot be read would be refused with a code of the system. */
import { systemCode } from "../runtime/data/error.ts";

/** What the system says, in words. */
export function whyUnread(error: unknown): string {
  switch (systemCode(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return "there is no such file";
    case "EISDIR":
      return "it is a folder";
    case "EACCES":
    case "EPERM":
      return "this user may not read it";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
