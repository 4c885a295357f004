/** Whether a process may be alive. A zombie is, until its parent has asked for its exit code. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"; // EPERM: it is somebody else's
  }
}
