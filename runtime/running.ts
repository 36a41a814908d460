/** Without this file what a process left behind when it was killed could not be told from what one still works on. */

/** Whether a process of that number runs, this user's or another's. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
