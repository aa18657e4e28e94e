import { jsonProblem } from '../core/json-shape.ts';

/** Undefined for what is no JSON, or too much of it. */
export const parseJson = (text: Buffer): unknown => {
  if (jsonProblem(text) !== undefined) return undefined;
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
};
