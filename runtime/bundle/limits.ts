/** Without this file a bundle could be written that nobody is let unpack. */

/** Files of a bundle. */
export const MOST_MEMBERS = 10_000;
/** Bytes of names, sizes and checksums of all files. */
export const LARGEST_DIRECTORY: number = 16 * 2 ** 20;
/** Bytes that the deflated files unpack to, all together. Those that are stored are in the archive byte for byte, however many: they are no bomb. */
export const MOST_INFLATED: number = 4 * 2 ** 30;
/** What shrinks more than this looks like a bomb to those who unpack it, and is stored. */
export const LARGEST_RATIO = 50;

const LONGEST_NAME = 200;
const DEEPEST = 32;

/** Whether no file of a bundle may be named so: some systems cannot make it, or make another one. */
export function oddName(name: string): boolean {
  const parts = name.split("/");
  return parts.length > DEEPEST || parts.some((part) => part === "" || part === "." || part.length > LONGEST_NAME || /[\u0000-\u001f\u007f]/.test(part) || /[. ]$/.test(part));
}
