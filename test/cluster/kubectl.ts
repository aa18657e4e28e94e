import { captureText } from '../kit/capture.ts';

/** A person as the API server sees one who has authenticated. */
export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Runs kubectl against the cluster of KUBECONFIG, as a person where one is given, who an administrator impersonates. */
export const kubectl = (args: readonly string[], input = '', person?: Person): Promise<string> =>
  captureText(
    'kubectl',
    [
      // before a command: what follows `--` is the pod's
      ...(person ? ['--as', person.name, ...person.groups.flatMap((group) => ['--as-group', group])] : []),
      ...args,
    ],
    { input },
  );

/** Why something was refused: the policy's own words where one did, else all of what kubectl says. */
export const refusalOf = (error: unknown): string => {
  const text = (error as Error).message.replaceAll(/\s+/g, ' ').trim();
  return /ValidatingAdmissionPolicy '([^']+)'.*denied request: (.*)$/.exec(text)?.slice(1).join(': ') ?? text;
};
