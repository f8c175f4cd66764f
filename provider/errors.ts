/**
 * Every failure a user can meet at run time. Each says on which host, what was tried, what the host
 * answered and what to do about it, and whether the same call may succeed when made again.
 */
export abstract class IpipError extends Error {
  /** retryable is true when the cause is likely to pass by itself (a host that is rebooting, say). */
  abstract readonly retryable: boolean;

  constructor(lines: readonly (string | undefined)[]) {
    super(lines.filter((line) => line !== undefined && line !== "").join("\n"));
    this.name = new.target.name;
  }
}

/** HostUnreachable: no session could be opened; nothing was sent and nothing has changed on the host. */
export class HostUnreachable extends IpipError {
  constructor(
    readonly host: string,
    readonly why: string,
    advice: string,
    readonly retryable: boolean,
    /** away is true when nothing answered where the host should be, in all the time that there was. */
    readonly away = false,
  ) {
    super([`${host}: ${why}`, advice]);
  }
}

/** Cancelled: the engine was told to stop before anything was sent; nothing has changed on the host. */
export class Cancelled extends IpipError {
  readonly retryable = true;

  constructor(readonly host: string) {
    super([`${host}: nothing was changed, since the run was cancelled`]);
  }
}

/** HostLocked: another run was changing the host all the time that there was; nothing was sent. */
export class HostLocked extends IpipError {
  readonly retryable = true;

  constructor(
    readonly host: string,
    readonly holder: string,
    seconds: number,
  ) {
    super([
      `${host}: nothing was changed, since for ${seconds} s the host was locked by ${holder}`,
      "Run it again when that has ended; connection.operationTimeout sets this limit. The lock ends with the run that has " +
        "it, and by itself when that is cut off; `rm -r /run/pulumi-ipip` on the host ends it now.",
    ]);
  }
}

/**
 * ConnectionLost: the session ended or the deadline passed after work had been sent. Whether the work was
 * done is unknown until the host is looked at again, so it must never be sent a second time blindly.
 */
export class ConnectionLost extends IpipError {
  readonly retryable = true;

  constructor(
    readonly host: string,
    why: string,
    doing?: string,
    changing = true,
  ) {
    super([
      `${host}: ${why}`,
      doing && `while running: ${doing}`,
      changing
        ? "The host may have done part of it, or still be at it: `pulumi refresh` shows what is there, and the same command again finishes it."
        : "It was only asked, so nothing has changed.",
    ]);
  }
}

/** CommandFailed: the host ran a command and answered with a failure. */
export class CommandFailed extends IpipError {
  readonly retryable = false;

  constructor(
    readonly host: string,
    readonly command: string,
    readonly code: number,
    readonly answer: string,
    advice?: string,
  ) {
    const how = code === 0 ? "succeeded, but its answer can't be read" : `failed with exit code ${code}`;
    super([`${host}: \`${command}\` ${how}`, answer && indent(answer), advice]);
  }
}

/** Conflict: something that is not ours stands where the object should be, or claims what it needs. */
export class Conflict extends IpipError {
  readonly retryable = false;

  constructor(
    readonly host: string,
    what: string,
    advice: string,
  ) {
    super([`${host}: ${what}`, advice]);
  }
}

/** WouldCut: a change would cut the way by which the host is reached. Nothing was sent. */
export class WouldCut extends IpipError {
  readonly retryable = false;

  constructor(
    readonly host: string,
    command: string,
    why: string,
  ) {
    super([
      `${host}: \`${command}\` would cut off the host: ${why}`,
      "Nothing was changed. Go there another way (another `connection.host`, a console), or set `allowManagementPath: true` " +
        "to have it tried: the host takes it back by itself when no new connection comes about.",
    ]);
  }
}

/** CutOff: no new connection came about after a change, so the host takes it back, or has done so. */
export class CutOff extends IpipError {
  readonly retryable = false;

  constructor(
    readonly host: string,
    what: string,
    commands: readonly string[],
    why: string,
    /** When the host was to take it back; undefined when it was seen that it has. */
    due?: Date,
  ) {
    super([
      `${host}: ${what}: no new connection to the host came about after`,
      ...commands.map(indent),
      "but:",
      indent(why),
      due === undefined
        ? "The host has put back by itself what there was before, and is reached again."
        : `The host was told to put back by itself what there was before, at ${due.toISOString()}, but nobody has seen it since.`,
    ]);
  }
}

/** NotConverged: every command succeeded, and yet what was read back is not what was asked for. */
export class NotConverged extends IpipError {
  readonly retryable = false;

  constructor(
    readonly host: string,
    readonly what: string,
    readonly differences: readonly string[],
    advice?: string,
  ) {
    super([
      `${host}: ${what} was changed, but what was read back is not what was asked for:`,
      ...differences.map(indent),
      advice,
    ]);
  }

  /** because is the same with who may have undone it, and what to do. */
  because(advice: string): NotConverged {
    return new NotConverged(this.host, this.what, this.differences, advice);
  }
}

/** NotFound: what a lookup is about is not there. */
export class NotFound extends IpipError {
  readonly retryable = false;

  constructor(
    readonly host: string,
    what: string,
    asked: string,
  ) {
    super([
      `${host}: there is no ${what}, which ${asked} looks for`,
      "Look at its name, and at `namespace`; what the program itself makes must be there first: `dependsOn`, in the form for outputs.",
    ]);
  }
}

/** ProbeFailed: what a program insists on is not so. */
export class ProbeFailed extends IpipError {
  readonly retryable = false;

  constructor(
    readonly host: string,
    what: string,
    advice: string,
  ) {
    super([`${host}: ${what}`, advice]);
  }
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
