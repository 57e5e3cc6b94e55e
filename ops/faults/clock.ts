/** The harness's clock, in milliseconds: it never steps, and every record of a run has it. */
export const nowMs = () => performance.timeOrigin + performance.now()
