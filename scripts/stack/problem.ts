/** A failure that the person at the terminal can mend: printed as one line, without a stack. */
export class StackProblem extends Error {
  /** 1: it could not be done; 2: it was asked for wrongly. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "StackProblem";
    this.exitCode = exitCode;
  }
}

/** Any thrown value as a line for people; a stack only where the fault is ours. */
export function describeFailure(error: unknown): string {
  if (error instanceof StackProblem) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
