import { html } from 'hono/html';
import { programVersion } from '../../core/version.ts';
import { formatBytes, formatCount, formatSeconds } from '../../core/units.ts';
import type { StoreState } from '../../health/store-state.ts';
import type { Plan } from '../../plan/schema.ts';
import type { Knowledge } from '../state/keeper.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { facts, section } from './section.ts';
import { row, table } from './table.ts';

const fullIn = ({ fullSeconds }: StoreState): string =>
  fullSeconds === undefined || fullSeconds === Infinity
    ? 'not within the forecast'
    : `in ${formatSeconds(fullSeconds)}`;

const missingIn = ({ copies }: StoreState): number => copies.reduce((sum, { missing }) => sum + missing, 0);

const storeRow = (store: StoreState, index: number): Markup => {
  const { location, up, archiveBytes, space } = store;
  const cells = [
    location,
    index === 0 ? 'primary' : 'replica',
    html`<strong>${up ? 'read' : 'away'}</strong>`,
    archiveBytes === undefined ? '–' : formatBytes(archiveBytes),
    space ? `${formatBytes(space.freeBytes)}, full ${fullIn(store)}` : 'no limit known',
    index === 0 ? '–' : formatCount(missingIn(store), 'archive'),
  ];
  return row(cells, up ? 'green' : 'red');
};

const columns = ['Store', 'Part', 'State', 'Archives', 'Free', 'Lacks'];

/** What this console is, and where the archives lie. */
export const aboutPage = (caller: string, plan: Plan, known: Knowledge): Markup => {
  const content = html`${knownLine(known)}
    ${facts([
      ['Program', `grill-backup ${programVersion}`],
      ['Environment', plan.environment],
      ['Targets', String(plan.targets.length)],
      ['You are', caller],
    ])}
    ${section('stores', 'Stores', table({ caption: 'Stores', columns, rows: known.state.stores.map(storeRow) }))}
    <p>
      This console holds no password of a database and no key that decrypts. It shows what the stores hold and
      what RBAC lets you see, and can neither replace data nor remove an archive.
    </p>`;
  return layout({ title: 'About', caller, content });
};
