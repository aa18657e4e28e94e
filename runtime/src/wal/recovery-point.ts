/** The server's end of the log at a moment of its clock. */
export interface Mark {
  readonly position: bigint;
  readonly at: Date;
}

/** Marks closer to each other than this are one: the recovery point is told in seconds. */
const closestMs = 200;

/** Works out up to which moment everything is stored. */
export interface RecoveryPoint {
  /** Takes what the server says of its end. */
  readonly see: (mark: Mark) => void;
  /** All before the position is stored. */
  readonly stored: (position: bigint) => void;
  /** Nothing that was committed before it is missing in the store; undefined while that is not known of any moment. */
  readonly at: () => Date | undefined;
}

export const recoveryPoint = (): RecoveryPoint => {
  let marks: Mark[] = [];
  let storedTo = -1n;
  let reached: Date | undefined;
  const reach = (): void => {
    const passed = marks.filter(({ position }) => position <= storedTo);
    if (passed.length === 0) return;
    reached = passed.at(-1)?.at;
    marks = marks.slice(passed.length);
  };
  return {
    see: (mark) => {
      const last = marks.at(-1);
      const isClose = last && mark.at.getTime() - last.at.getTime() < closestMs;
      if (isClose && mark.position !== last.position) return;
      if (last?.position === mark.position) marks.pop();
      marks.push(mark);
      reach();
    },
    stored: (position) => {
      storedTo = position;
      reach();
    },
    at: () => reached,
  };
};
