import { html } from 'hono/html';
import { fileName } from '../../archives/layout.ts';
import { formatBytes, formatSeconds } from '../../core/units.ts';
import type { CountedArchive } from '../../health/archives-state.ts';
import type { PlannedRestore, RestoreWish } from '../queries/restore-plan.ts';
import type { SeenTarget } from '../queries/targets.ts';
import { recoveryWindow } from '../queries/window.ts';
import type { Chosen } from './chosen.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { newestArchives } from './newest-archives.ts';
import { facts, section } from './section.ts';
import { time } from './time.ts';
import { windowBar } from './window-bar.ts';

const option = (value: string, label: string, chosen: string | undefined): Markup =>
  value === chosen
    ? html`<option value="${value}" selected>${label}</option>`
    : html`<option value="${value}">${label}</option>`;

const archiveChoice = (archives: readonly CountedArchive[], { archive = '' }: RestoreWish): Markup => {
  const names = newestArchives(archives).map(({ key }) => fileName(key));
  return html`<p>
    <label for="archive">Archive</label>
    <select id="archive" name="archive">
      ${option('', 'the newest', archive)} ${names.map((name) => option(name, name, archive))}
    </select>
  </p>`;
};

const instantChoice = ({ instant = '' }: RestoreWish): Markup =>
  html`<p>
    <label for="instant">Or an instant, in UTC, such as 2026-11-28T03:14:00Z</label>
    <input id="instant" name="instant" value="${instant}" />
  </p>`;

const form = (archives: readonly CountedArchive[], hasLog: boolean, wish: RestoreWish): Markup =>
  html`<form method="get">
    ${archiveChoice(archives, wish)} ${hasLog ? instantChoice(wish) : ''}
    <p>
      <label for="only">Only these tables, buckets or key types, one each line; empty for all</label>
      <textarea id="only" name="only" rows="3" spellcheck="false">${(wish.only ?? []).join('\n')}</textarea>
    </p>
    <p><button>See what would happen</button></p>
  </form>`;

const effects = (plan: PlannedRestore): Markup =>
  facts([
    ['Data as of', time(plan.takenAt)],
    ['From', plan.archive ?? 'a base and the log'],
    ['Size', plan.sourceBytes === undefined ? 'known when it begins' : formatBytes(plan.sourceBytes)],
    ['Proved', time(plan.verifiedAt)],
    [
      'How long',
      plan.estimatedSeconds === undefined
        ? `not measured, objective ${formatSeconds(plan.rtoSeconds)}`
        : `${formatSeconds(plan.estimatedSeconds)} by the last drill, objective ${formatSeconds(plan.rtoSeconds)}`,
    ],
    ['Live data', plan.effect],
    ['The way back', plan.wayBack],
  ]);

const commands = (plan: PlannedRestore): Markup =>
  html`<p>This console restores nothing over live data. You do, with these:</p>
    <ol>
      ${plan.commands.map(
        ({ what, command }) =>
          html`<li>
            ${what}
            <pre><code>${command}</code></pre>
          </li>`,
      )}
    </ol>`;

const outcome = ({ plan, problem }: Chosen): Markup | '' => {
  if (problem !== undefined) return html`<p role="alert" class="away">${problem}</p>`;
  if (!plan) return '';
  return html`${section('effect', 'What would happen', effects(plan))}
  ${section('commands', 'How to do it', commands(plan))}`;
};

/** Choosing what is to come back, what that would do, and the commands that do it. */
export const restorePage = (caller: string, seen: SeenTarget, chosen: Chosen): Markup => {
  const { target, state } = seen;
  const { log, archives } = target; // which are parsed each time that they are asked for
  const { name } = target.target;
  const { windows, points } = recoveryWindow({ log, archives });
  const content = html`${knownLine(seen)}
    <p><a href="/targets/${name}">${name}</a></p>
    ${windowBar({ windows, points, now: state.at })} ${form(archives, log !== undefined, chosen.wish)}
    ${outcome(chosen)}`;
  return layout({ title: `Restore ${name}`, caller, content });
};
