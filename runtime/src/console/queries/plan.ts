/** Account and password of an address: the only secret that somebody could write into a plan. */
const withoutAccount = (text: string): string =>
  text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i, '$1***@');

/** The plan as it may be shown. Secrets are named in it, and none is part of it. */
export const shownPlan = (value: unknown): unknown => {
  if (typeof value === 'string') return withoutAccount(value);
  if (Array.isArray(value)) return value.map(shownPlan);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shownPlan(field)]));
};
