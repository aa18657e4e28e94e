/**
 * `SCHEMATHESIS=… npm run test:schemathesis`: schemathesis sends valid and invalid requests to every operation that the OpenAPI
 * document of the console describes, and follows what one answer names to the next request. More of its arguments may follow.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { startConsoleApi } from './kit/console-api.ts';

const program = mustExist(process.env['SCHEMATHESIS'], 'SCHEMATHESIS, the path of schemathesis');

await using stack = new AsyncDisposableStack();
const { url, token, stop } = await startConsoleApi();
stack.defer(stop);
const args = ['run', `${url}/openapi.json`, '--url', `${url}/api/v1`, '-H', `Authorization: Bearer ${token}`];
const child = spawn(program, [...args, ...process.argv.slice(2)], { stdio: 'inherit' });
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
