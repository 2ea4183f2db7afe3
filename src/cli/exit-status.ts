/** What the exit status of every command means. */
export const exitStatus = {
  /** Done, nothing to report. */
  done: 0,
  /** A check found something: certificates due, differences, failed checks. */
  found: 1,
  /** The input or the command line is wrong. */
  wrongInput: 2,
  /** The environment failed: disk, network, a lock that somebody holds. */
  environment: 3,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];
