/** Two readings of the exporter: `node bench/catalogue/refresh.ts <file>` writes the seconds of the second one into the file. */
import { writeFileSync } from 'node:fs';
import { env } from 'node:process';
import { samplesOf } from '../../runtime/src/commands/serve/samples.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { stateReader } from '../../runtime/src/health/state.ts';
import { stoppableApp } from '../../runtime/src/session/app.ts';
import { openBed } from './bed.ts';

const app = stoppableApp(await openBed(env as Record<string, string>));
const read = stateReader(app);
let seconds = NaN;
for (const _ of ['first', 'second']) {
  const begun = performance.now();
  samplesOf({ plan: app.plan, state: await read(), seconds: 0 });
  seconds = (performance.now() - begun) / 1000;
}
writeFileSync(mustExist(process.argv[2], 'file'), String(seconds));
