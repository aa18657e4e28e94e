import { messageOf } from '../../core/errors.ts';

/** A server's error whole: detail and hint name what is in the way, and the setting that helps. */
export const errorText = (error: unknown): string => {
  const { detail, hint } = error as { readonly detail?: string; readonly hint?: string };
  return [messageOf(error), detail, hint]
    .filter((part): part is string => Boolean(part))
    .map((part) => part.replace(/\.$/, ''))
    .join('; ');
};
