import { html } from 'hono/html';
import { programVersion } from '../../core/version.ts';
import type { Plan } from '../../plan/schema.ts';
import type { Knowledge } from '../state/keeper.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { facts } from './section.ts';

/** What this console is. */
export const aboutPage = (caller: string, plan: Plan, known: Knowledge): Markup => {
  const content = html`${knownLine(known)}
    ${facts([
      ['Program', `grill-backup ${programVersion}`],
      ['Environment', plan.environment],
      ['Targets', String(plan.targets.length)],
      ['You are', caller],
    ])}
    <p>
      This console holds no password of a database and no key that decrypts. It shows what the stores hold and
      what RBAC lets you see, and can neither replace data nor remove an archive.
    </p>`;
  return layout({ title: 'About', caller, content });
};
