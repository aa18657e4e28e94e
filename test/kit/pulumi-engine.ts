import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import type { RegisterResourceRequest, SupportsFeatureRequest } from '@pulumi/pulumi/proto/resource_pb.js';
import type { LogRequest, SetRootResourceRequest } from '@pulumi/pulumi/proto/engine_pb.js';

// the SDK's own copies: messages of two versions of protobuf do not mix
const require = createRequire(createRequire(import.meta.url).resolve('@pulumi/pulumi'));
const resource = require('@pulumi/pulumi/proto/resource_pb.js');
const engine = require('@pulumi/pulumi/proto/engine_pb.js');
const { ResourceMonitorService } = require('@pulumi/pulumi/proto/resource_grpc_pb.js');
const { EngineService } = require('@pulumi/pulumi/proto/engine_grpc_pb.js');
const { Empty } = require('google-protobuf/google/protobuf/empty_pb.js');
const { Struct } = require('google-protobuf/google/protobuf/struct_pb.js');

const root = join(import.meta.dirname, '../..');

/** A resource as the program registered it. */
export interface Registered {
  /** Token: `kubernetes:batch/v1:CronJob`. */
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Logical names of the resources it waits for. */
  readonly dependsOn: readonly string[];
  readonly protect: boolean;
}

export interface ProgramRun {
  readonly exitCode: number;
  /** What the program logged as errors, and its standard error. */
  readonly errors: string;
  readonly resources: readonly Registered[];
}

export interface Program {
  readonly file: string;
  readonly project: string;
  readonly stack: string;
  /** Configuration by full key; objects as JSON, as the CLI hands them over. */
  readonly config: Readonly<Record<string, string>>;
  /** Outputs that the provider would add to the inputs. */
  readonly outputsOf: (resource: Registered) => Readonly<Record<string, unknown>>;
}

type Handler = (request: never) => unknown;

const nameOf = (urn: string): string => urn.split('::').slice(3).join('::');

const recorded = (request: RegisterResourceRequest): Registered => ({
  type: request.getType(),
  name: request.getName(),
  inputs: (request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
  dependsOn: request.getDependenciesList().map(nameOf),
  protect: request.getProtect() ?? false,
});

/** A resource monitor that makes everything it is asked for, with the inputs as outputs. */
const monitorHandlers = (program: Program, resources: Registered[]): Readonly<Record<string, Handler>> => ({
  supportsFeature: (_: SupportsFeatureRequest) => new resource.SupportsFeatureResponse(),
  registerResourceOutputs: () => new Empty(),
  signalAndWaitForShutdown: () => new Empty(),
  registerResource: (request: RegisterResourceRequest) => {
    const made = recorded(request);
    resources.push(made);
    const response = new resource.RegisterResourceResponse();
    response.setUrn(`urn:pulumi:${program.stack}::${program.project}::${made.type}::${made.name}`);
    response.setId(request.getCustom() ? `${made.name}-id` : '');
    response.setObject(Struct.fromJavaScript({ ...made.inputs, ...program.outputsOf(made) }));
    return response;
  },
});

const engineHandlers = (log: (message: string) => void): Readonly<Record<string, Handler>> => {
  let stackUrn = '';
  return {
    log: (request: LogRequest) => {
      if (request.getSeverity() >= engine.LogSeverity.ERROR) log(request.getMessage());
      return new Empty();
    },
    setRootResource: (request: SetRootResourceRequest) => {
      stackUrn = request.getUrn();
      return new engine.SetRootResourceResponse();
    },
    getRootResource: () => {
      const response = new engine.GetRootResourceResponse();
      response.setUrn(stackUrn);
      return response;
    },
  };
};

/** A service answers what it has a handler for, and refuses the rest by name, so that a new call cannot pass unseen. */
const addService = (
  server: Server,
  service: Record<string, unknown>,
  handlers: Readonly<Record<string, Handler>>,
): void => {
  const unary =
    (method: string) => (call: ServerUnaryCall<never, unknown>, reply: sendUnaryData<unknown>) => {
      const handler = handlers[method];
      if (!handler) return reply({ code: status.UNIMPLEMENTED, message: method });
      try {
        reply(null, handler(call.request));
      } catch (error) {
        reply({ code: status.INTERNAL, message: `${method}: ${String(error)}` });
      }
    };
  server.addService(
    service as never,
    Object.fromEntries(Object.keys(service).map((method) => [method, unary(method)])) as never,
  );
};

const bind = (server: Server): Promise<number> =>
  new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );

/** Runs a Pulumi program with the SDK's own entry point, as the CLI does, against a monitor that only records. */
export const runProgram = async (program: Program): Promise<ProgramRun> => {
  const resources: Registered[] = [];
  const errors: string[] = [];
  const server = new Server();
  addService(server, ResourceMonitorService, monitorHandlers(program, resources));
  addService(
    server,
    EngineService,
    engineHandlers((message) => errors.push(message)),
  );
  const address = `127.0.0.1:${await bind(server)}`;
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules/@pulumi/pulumi/cmd/run'),
      `--monitor=${address}`,
      `--engine=${address}`,
      `--project=${program.project}`,
      `--stack=${program.stack}`,
      '--parallel=16',
      `--root-directory=${root}`,
      `--pwd=${root}`,
      program.file,
    ],
    {
      env: { ...process.env, NODE_OPTIONS: '', PULUMI_CONFIG: JSON.stringify(program.config) },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const [exitCode] = (await once(child, 'close')) as [number];
  server.forceShutdown();
  return { exitCode, errors: errors.join('\n'), resources };
};
