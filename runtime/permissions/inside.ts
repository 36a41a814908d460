/** Without this file each place would ask in its own way whether a path lies in a folder, and take `..data`, which is a name, for the way out of it. */
import { isAbsolute, relative, sep } from "node:path";

/** Whether a path is that of a folder, or lies in it; both absolute. On Windows the way to another drive is an absolute path. */
export function inside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
