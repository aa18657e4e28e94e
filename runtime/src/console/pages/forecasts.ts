import { html } from 'hono/html';
import { formatBytes, formatCount, formatSeconds } from '../../core/units.ts';
import type { StoreState } from '../../health/store-state.ts';
import type { Seen } from '../queries/targets.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { section } from './section.ts';
import { row, table, type Row } from './table.ts';

const fullIn = ({ fullSeconds }: StoreState): string =>
  fullSeconds === undefined || fullSeconds === Infinity
    ? 'not within the forecast'
    : `in ${formatSeconds(fullSeconds)}`;

const missingIn = ({ copies }: StoreState): number => copies.reduce((sum, { missing }) => sum + missing, 0);

const storeRow = (store: StoreState, index: number): Row => {
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

const storeColumns = ['Store', 'Part', 'State', 'Archives', 'Free', 'Lacks'];

const storeTable = (stores: readonly StoreState[]): Markup =>
  table({ caption: 'Stores', columns: storeColumns, rows: stores.map(storeRow) });

const unusual = ({ targets }: Seen): Markup => {
  const rows = targets
    .filter(({ anomalies }) => anomalies.length > 0)
    .map(({ target: { name }, anomalies }) =>
      row([html`<a href="/targets/${name}">${name}</a>`, anomalies.join(' ')]),
    );
  const columns = ['Target', 'What'];
  return table({ caption: 'What is unusual or likely to be missed', columns, rows, none: 'Nothing is.' });
};

/** What is likely to come: objectives that will be missed, and stores that will be full. */
export const forecastsPage = (caller: string, seen: Seen): Markup => {
  const content = html`${knownLine(seen)}
  ${section('unusual', 'Unusual, or likely to be missed', unusual(seen))}
  ${section('stores', 'Stores', storeTable(seen.state.stores))}`;
  return layout({ title: 'Forecasts', caller, content });
};
