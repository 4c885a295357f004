/** What tells two files apart: device and inode, as stat(2) gives them. Knows no path. */

export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * Windows: libuv 1.49 and 1.50 give the serial number of a volume in full for a path, and its lower half for a descriptor. No system has a
 * device number longer than that half.
 */
export function isSameInode(one: FileIdentity, other: FileIdentity): boolean {
  return one.ino === other.ino && BigInt.asUintN(32, one.dev) === BigInt.asUintN(32, other.dev);
}
