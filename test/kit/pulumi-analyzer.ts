import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Client } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import type { AnalyzeDiagnostic, AnalyzeResponse } from '@pulumi/pulumi/proto/analyzer_pb.js';
import type { Registered } from './pulumi-engine.ts';

const require = createRequire(createRequire(import.meta.url).resolve('@pulumi/policy'));
const proto = require('@pulumi/pulumi/proto/analyzer_pb.js');
const { AnalyzerClient } = require('@pulumi/pulumi/proto/analyzer_grpc_pb.js');
const { Struct } = require('google-protobuf/google/protobuf/struct_pb.js');

const root = join(import.meta.dirname, '../..');

/** What a policy says of a resource. */
export interface Violation {
  readonly policy: string;
  readonly level: 'advisory' | 'mandatory' | 'other';
  readonly message: string;
}

/** A policy pack that runs as the CLI runs it. */
export interface Analyzer {
  /** Everything that rules for one resource and rules for all of them find. */
  readonly analyze: (resources: readonly Registered[]) => Promise<readonly Violation[]>;
  readonly stop: () => Promise<void>;
}

const optionsOf = ({ protect, secretOutputs }: Registered) => {
  const options = new proto.AnalyzerResourceOptions();
  options.setProtect(protect);
  options.setAdditionalsecretoutputsList([...secretOutputs]);
  return options;
};

/** The fields that requests about one resource and about all have in common. */
const filled = <Message>(message: Message, resource: Registered): Message => {
  const target = message as never as Record<string, (value: unknown) => void>;
  target['setType']!(resource.type);
  target['setName']!(resource.name);
  target['setUrn']!(resource.urn);
  target['setProperties']!(Struct.fromJavaScript(resource.inputs));
  target['setOptions']!(optionsOf(resource));
  return message;
};

const stackRequest = (resources: readonly Registered[]) => {
  const request = new proto.AnalyzeStackRequest();
  for (const resource of resources) {
    const one = filled(new proto.AnalyzerResource(), resource);
    for (const [key, urns] of Object.entries(resource.inputsFrom)) {
      const dependencies = new proto.AnalyzerPropertyDependencies();
      dependencies.setUrnsList([...urns]);
      one.getPropertydependenciesMap().set(key, dependencies);
    }
    request.addResources(one);
  }
  return request;
};

const levels = {
  [proto.EnforcementLevel.ADVISORY]: 'advisory',
  [proto.EnforcementLevel.MANDATORY]: 'mandatory',
};

const violationOf = (found: AnalyzeDiagnostic): Violation => ({
  policy: found.getPolicyname(),
  level: (levels[found.getEnforcementlevel()] ?? 'other') as Violation['level'],
  message: found.getMessage(),
});

/** Starts the pack in `policy/` with the SDK's own entry point, which prints the port it listens on. */
export const startAnalyzer = async (): Promise<Analyzer> => {
  const folder = join(root, 'policy');
  const program = join(root, 'node_modules/@pulumi/pulumi/cmd/run-policy-pack');
  const child = spawn(process.execPath, [program, '127.0.0.1:1', folder], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
  const client: Client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const ask = (method: 'analyze' | 'analyzeStack', request: unknown): Promise<readonly Violation[]> =>
    new Promise((resolve, reject) =>
      (client as never as Record<string, (...args: unknown[]) => void>)[method]!(
        request,
        (error: Error | null, response: AnalyzeResponse) =>
          error ? reject(error) : resolve(response.getDiagnosticsList().map(violationOf)),
      ),
    );
  return {
    analyze: async (resources) => {
      const found = await Promise.all(
        resources.map((resource) => ask('analyze', filled(new proto.AnalyzeRequest(), resource))),
      );
      return [...found.flat(), ...(await ask('analyzeStack', stackRequest(resources)))];
    },
    stop: async () => {
      client.close();
      child.kill();
      await once(child, 'exit');
    },
  };
};
