import { exitCodes } from '../../contract/exit-codes.ts';
import type { Failures } from './failure.ts';

/** What the console and its API answer to a request; no command ends with these. */
export const consoleFailures = {
  'access.unknown': {
    exit: exitCodes.usage,
    retryable: false,
    meaning:
      'The console does not know who asks: there is no token, or it is expired, forged, or for somebody else.',
    hint: 'sign in, or send Authorization: Bearer with the output of: kubectl create token <service account>',
    action:
      'Make a new token. It has to be one that the API server of this cluster accepts; behind a proxy, the proxy has to send the signed token that `console.proxy` of the plan describes.',
  },
  'access.refused': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'The caller is known, and RBAC does not allow what was asked for.',
    hint: 'kubectl auth can-i shows what you may do; the message names the verb and the resource',
    action:
      'The message names what is missing. Groups get it from `access.oncallGroups` of the environment, everybody else from a RoleBinding to Role `backup-oncall`.',
  },
  'access.limited': {
    exit: exitCodes.unexpected,
    retryable: true,
    meaning: 'More requests came from the caller, or from its address, than the console answers.',
    hint: 'wait as long as the header Retry-After says',
    action:
      'Ask less often: the state changes once a minute. Progress comes by server-sent events without asking.',
  },
  'request.invalid': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'The request is not one that the API describes: a parameter, a header or the body is not valid.',
    hint: '/openapi.json describes every request',
    action: 'Correct the request. The message names the parameter and what is allowed.',
  },
  'request.unknown': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'The console has no such page.',
    hint: '/ is the overview, /docs lists the API',
    action: 'Follow the links of the overview. A link from an older version may name what is now elsewhere.',
  },
  'request.method': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'What is at this address does not answer this method.',
    hint: 'the header Allow names those that it answers',
    action:
      'Send one of the methods that the header `Allow` of the answer names; /openapi.json has them all.',
  },
  'state.unread': {
    exit: exitCodes.store,
    retryable: true,
    meaning: 'The console could not read the store since it was started, so it knows nothing yet.',
    hint: 'try again in a minute; the log of the console says why the store could not be read',
    action:
      'Look at `kubectl logs deployment/backup-console`. Backups may go on all the same: `kubectl get jobs` shows them.',
  },
} as const satisfies Failures;
