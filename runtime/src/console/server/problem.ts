import { z } from 'zod';
import { failureCode } from '../../core/failure-code.ts';
import { failures, isBackupError, unexpected, type FailureCode } from '../../core/errors.ts';

/** What a request is answered with that fails: RFC 9457, with the codes of the whole program. */
export const problemSchema = z
  .strictObject({
    type: z.string().describe('urn:grill-backup:<code>'),
    title: z.string().describe('what the code means'),
    status: z.int().describe('status of the answer'),
    detail: z.string().describe('what was found; holds no secret'),
    code: failureCode,
    hint: z.string().describe('what to do next'),
  })
  .meta({ id: 'Problem' });

export type Problem = z.output<typeof problemSchema>;

type Status = 400 | 401 | 403 | 404 | 405 | 409 | 429 | 500 | 502 | 503;

/** Statuses of codes by their first word, where all of a kind have the same. */
const statusOfKind: Readonly<Record<string, Status>> = { store: 503, cluster: 502, state: 503 };

const statusOfCode: Partial<Readonly<Record<FailureCode, Status>>> = {
  'access.unknown': 401,
  'access.refused': 403,
  'access.limited': 429,
  'request.invalid': 400,
  'request.unknown': 404,
  'request.method': 405,
  'target.unknown': 404,
  'archive.unknown': 404,
  'cluster.refused': 403,
  'service.unknown': 404,
  'log.unreached': 409,
  'log.gap': 409,
  'store.missing': 404,
};

const statusOf = (code: FailureCode): Status =>
  statusOfCode[code] ?? statusOfKind[code.split('.')[0] ?? ''] ?? 409;

/** What an answer says of anything that was thrown: of a defect nothing but that it is one. */
export const problemOf = (error: unknown): Problem & { readonly status: Status } => {
  if (!isBackupError(error))
    return {
      type: 'urn:grill-backup:unexpected',
      title: unexpected.meaning,
      status: 500,
      detail: 'the program met a defect: its log says more',
      code: 'unexpected',
      hint: unexpected.hint,
    };
  const { code, message, hint } = error;
  const type = `urn:grill-backup:${code}`;
  return { type, title: failures[code].meaning, status: statusOf(code), detail: message, code, hint };
};
