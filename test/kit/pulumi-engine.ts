import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import type {
  RegisterResourceOutputsRequest,
  RegisterResourceRequest,
  SupportsFeatureRequest,
} from '@pulumi/pulumi/proto/resource_pb.js';
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
  readonly urn: string;
  /** URN of the component or stack that it belongs to; empty for the stack. */
  readonly parent: string;
  /** True for what a provider makes, false for a component. */
  readonly custom: boolean;
  /** What was sent; each value that was marked as secret is `masked`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What was sent, secrets in the clear: what the provider gets. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The values that were marked as secret. */
  readonly secrets: readonly unknown[];
  /** Outputs whose values the provider is to keep secret. */
  readonly secretOutputs: readonly string[];
  /** URNs of the resources whose outputs each input comes from. */
  readonly inputsFrom: Readonly<Record<string, readonly string[]>>;
  /** Logical names of the resources it waits for. */
  readonly dependsOn: readonly string[];
  /** Their URNs. */
  readonly waitsFor: readonly string[];
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** URNs that it is looked for under as well; former types, which come with the classes, are left out. */
  readonly aliases: readonly string[];
  /** Logical name of its provider; empty for the default one. */
  readonly provider: string;
}

export interface ProgramRun {
  readonly exitCode: number;
  /** What the program logged as errors, and its standard error. */
  readonly errors: string;
  /** What the program logged as warnings. */
  readonly warnings: string;
  readonly resources: readonly Registered[];
  /** Outputs of the stack, secret values `masked`. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface Program {
  readonly file: string;
  /** Where Pulumi.yaml and node_modules are. @default this repository */
  readonly folder?: string;
  /** Options of Node.js. @default none */
  readonly nodeOptions?: readonly string[];
  readonly project: string;
  readonly stack: string;
  /** Configuration by full key; objects as JSON, as the CLI hands them over. */
  readonly config: Readonly<Record<string, string>>;
  /** Keys of the configuration that are encrypted in the stack's file. */
  readonly secretKeys?: readonly string[];
  /** Outputs that the provider would add to the inputs. */
  readonly outputsOf: (resource: Registered) => Readonly<Record<string, unknown>>;
}

type Handler = (request: never) => unknown;

/** Stands for a value that was sent as secret. */
export const masked = '[secret]';

// https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts: specialSigKey, specialSecretSig
const signature = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';

const asSecret = (value: unknown) => ({ [signature]: secretSignature, value });

/** A value with its secrets masked, which are added to `found`. */
const withoutSecrets = (value: unknown, found: unknown[]): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => withoutSecrets(entry, found));
  const fields = value as Record<string, unknown>;
  if (fields[signature] === secretSignature) {
    found.push(fields['value']);
    return masked;
  }
  return Object.fromEntries(
    Object.entries(fields).map(([key, entry]) => [key, withoutSecrets(entry, found)]),
  );
};

const inTheClear = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inTheClear);
  const fields = value as Record<string, unknown>;
  if (fields[signature] === secretSignature) return inTheClear(fields['value']);
  return Object.fromEntries(Object.entries(fields).map(([key, entry]) => [key, inTheClear(entry)]));
};

const nameOf = (urn: string): string => urn.split('::').slice(3).join('::');

const sent = (object: { toJavaScript(): unknown } | undefined) =>
  (object?.toJavaScript() ?? {}) as Record<string, unknown>;

const stackType = 'pulumi:pulumi:Stack';
const typesOf = (urn: string): string => urn.split('::')[2] ?? '';

/** Types of the parents and of the resource itself, without the stack: `grill-stats:Backup$kubernetes:core/v1:Secret`. */
const urnFor = ({ stack, project }: Program, parent: string, type: string, name: string): string => {
  const above = typesOf(parent);
  const types = above && above !== stackType ? `${above}$${type}` : type;
  return `urn:pulumi:${stack}::${project}::${types}::${name}`;
};

const urnOf = (program: Program, request: RegisterResourceRequest): string =>
  urnFor(program, request.getParent(), request.getType(), request.getName());

const aliasesOf = (program: Program, request: RegisterResourceRequest): readonly string[] =>
  request.getAliasesList().flatMap((alias) => {
    const spec = alias.getSpec();
    if (!spec || spec.getType()) return [];
    const parent = spec.getNoparent() ? '' : spec.getParenturn() || request.getParent();
    return [urnFor(program, parent, request.getType(), spec.getName() || request.getName())];
  });

const inputsFrom = (request: RegisterResourceRequest): Readonly<Record<string, readonly string[]>> => {
  const found: Record<string, readonly string[]> = {};
  request.getPropertydependenciesMap().forEach((dependencies, input) => {
    found[input] = dependencies.getUrnsList();
  });
  return found;
};

const recorded = (program: Program, request: RegisterResourceRequest): Registered => {
  const secrets: unknown[] = [];
  return {
    type: request.getType(),
    name: request.getName(),
    urn: urnOf(program, request),
    parent: request.getParent(),
    custom: request.getCustom(),
    inputs: withoutSecrets(sent(request.getObject()), secrets) as Record<string, unknown>,
    values: inTheClear(sent(request.getObject())) as Record<string, unknown>,
    secrets,
    secretOutputs: request.getAdditionalsecretoutputsList(),
    inputsFrom: inputsFrom(request),
    dependsOn: request.getDependenciesList().map(nameOf),
    waitsFor: request.getDependenciesList(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    aliases: aliasesOf(program, request),
    // urn::id
    provider: nameOf(request.getProvider()).split('::')[0]!,
  };
};

/** What a provider answers: the inputs as they came, and outputs of its own, secret ones marked. */
const answered = (request: RegisterResourceRequest, own: Readonly<Record<string, unknown>>) => {
  const secret = request.getAdditionalsecretoutputsList();
  const marked = Object.entries(own).map(([key, value]) => [
    key,
    secret.includes(key) ? asSecret(value) : value,
  ]);
  return Struct.fromJavaScript({ ...sent(request.getObject()), ...Object.fromEntries(marked) });
};

const supported = ['secrets', 'aliasSpecs'];

/** A resource monitor that makes everything it is asked for, with the inputs as outputs. */
const monitorHandlers = (
  program: Program,
  resources: Registered[],
  setOutputs: (outputs: Record<string, unknown>) => void,
): Readonly<Record<string, Handler>> => ({
  supportsFeature: (request: SupportsFeatureRequest) => {
    const response = new resource.SupportsFeatureResponse();
    response.setHassupport(supported.includes(request.getId()));
    return response;
  },
  registerResourceOutputs: (request: RegisterResourceOutputsRequest) => {
    if (request.getUrn().includes(`::${stackType}::`)) setOutputs(sent(request.getOutputs()));
    return new Empty();
  },
  signalAndWaitForShutdown: () => new Empty(),
  registerResource: (request: RegisterResourceRequest) => {
    const made = recorded(program, request);
    resources.push(made);
    const response = new resource.RegisterResourceResponse();
    response.setUrn(made.urn);
    response.setId(request.getCustom() ? `${made.name}-id` : '');
    response.setObject(answered(request, program.outputsOf(made)));
    return response;
  },
});

const engineHandlers = (
  log: (level: 'error' | 'warning', message: string) => void,
): Readonly<Record<string, Handler>> => {
  let stackUrn = '';
  return {
    log: (request: LogRequest) => {
      const severity = request.getSeverity();
      if (severity >= engine.LogSeverity.ERROR) log('error', request.getMessage());
      else if (severity >= engine.LogSeverity.WARNING) log('warning', request.getMessage());
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
  const warnings: string[] = [];
  let outputs: Record<string, unknown> = {};
  const server = new Server();
  addService(
    server,
    ResourceMonitorService,
    monitorHandlers(program, resources, (all) => {
      outputs = withoutSecrets(all, []) as Record<string, unknown>;
    }),
  );
  addService(
    server,
    EngineService,
    engineHandlers((level, message) => (level === 'error' ? errors : warnings).push(message)),
  );
  const folder = program.folder ?? root;
  const address = `127.0.0.1:${await bind(server)}`;
  const child = spawn(
    process.execPath,
    [
      ...(program.nodeOptions ?? []),
      join(folder, 'node_modules/@pulumi/pulumi/cmd/run'),
      `--monitor=${address}`,
      `--engine=${address}`,
      `--project=${program.project}`,
      `--stack=${program.stack}`,
      '--parallel=16',
      `--root-directory=${folder}`,
      `--pwd=${folder}`,
      program.file,
    ],
    {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        PULUMI_CONFIG: JSON.stringify(program.config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(program.secretKeys ?? []),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const [exitCode] = (await once(child, 'close')) as [number];
  server.forceShutdown();
  return { exitCode, errors: errors.join('\n'), warnings: warnings.join('\n'), resources, outputs };
};
