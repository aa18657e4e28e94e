import { html } from 'hono/html';
import { programVersion } from '../../core/version.ts';

/** Text of a page: what is put into it is escaped. */
export type Markup = ReturnType<typeof html>;

export interface Page {
  readonly title: string;
  /** Name of who is signed in; absent on pages that nobody has to sign in for. */
  readonly caller?: string | undefined;
  readonly content: Markup;
}

const navigation = (caller: string) => html`
  <nav aria-label="Main">
    <a href="/">Overview</a>
    <a href="/drills">Drills</a>
    <a href="/forecasts">Forecasts</a>
    <a href="/audit">Audit</a>
    <a href="/about">About</a>
    <a href="/docs">API</a>
    <form method="post" action="/sign-out"><button>Sign out ${caller}</button></form>
  </nav>
`;

/** A whole page, which needs no script to be read. */
export const layout = ({ title, caller, content }: Page): Markup =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · backups</title>
        <link rel="stylesheet" href="/assets/console.css" />
        <script src="/assets/console.js" type="module"></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <strong>Backups</strong>
          ${caller === undefined ? '' : navigation(caller)}
        </header>
        <main id="content">
          <h1>${title}</h1>
          ${content}
        </main>
        <footer>grill-backup ${programVersion}</footer>
      </body>
    </html>`;
