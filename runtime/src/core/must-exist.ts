/** A value that must be there by what came before. @throws Error that names it, for the day on which that is not so */
export const mustExist = <Value>(value: Value | null | undefined, what: string): Value => {
  if (value === undefined || value === null) throw new Error(`there is no ${what}`);
  return value;
};
