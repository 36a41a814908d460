/** Without this file each command would take quotes off a file name in its own way. */

/** The name in an argument of a dot command, with or without quotes. */
export function fileName(argument: string): string {
  return argument.trim().replace(/^(["'])(.*)\1$/, "$2");
}
