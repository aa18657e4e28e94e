import { html } from 'hono/html';
import { fileName } from '../../archives/layout.ts';
import { formatBytes, formatSeconds } from '../../core/units.ts';
import type { TargetState } from '../../health/target-state.ts';
import type { PlannedRestore, RestoreWish } from '../queries/restore-plan.ts';
import { recoveryWindow } from '../queries/window.ts';
import type { Knowledge } from '../state/keeper.ts';
import type { Chosen } from './chosen.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { facts, section } from './section.ts';
import { time } from './time.ts';
import { windowBar } from './window-bar.ts';

/** Newest archives that can be chosen from. */
const mostChoices = 60;

const option = (value: string, label: string, chosen: string | undefined): Markup =>
  value === chosen
    ? html`<option value="${value}" selected>${label}</option>`
    : html`<option value="${value}">${label}</option>`;

const archiveChoice = ({ archives }: TargetState, { archive = '' }: RestoreWish): Markup => {
  const names = archives
    .slice(-mostChoices)
    .reverse()
    .map(({ key }) => fileName(key));
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

const form = (target: TargetState, wish: RestoreWish): Markup =>
  html`<form method="get">
    ${archiveChoice(target, wish)} ${target.log ? instantChoice(wish) : ''}
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
export const restorePage = (
  caller: string,
  seen: Knowledge & { readonly target: TargetState },
  chosen: Chosen,
): Markup => {
  const { target, state } = seen;
  const { name } = target.target;
  const { windows, points } = recoveryWindow(target);
  const content = html`${knownLine(seen)}
    <p><a href="/targets/${name}">${name}</a></p>
    ${windowBar({ windows, points, now: state.at })} ${form(target, chosen.wish)} ${outcome(chosen)}`;
  return layout({ title: `Restore ${name}`, caller, content });
};
