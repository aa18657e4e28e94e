import { html } from 'hono/html';
import { layout, type Markup } from './layout.ts';

/** Where somebody gives a token. @param problem why the one before was refused */
export const signInPage = (problem?: string): Markup =>
  layout({
    title: 'Sign in',
    content: html`
      ${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}
      <form method="post" action="/sign-in">
        <p>
          <label for="token">A token of this cluster, such as <code>kubectl create token</code> prints</label>
          <textarea
            id="token"
            name="token"
            rows="4"
            required
            autocomplete="off"
            spellcheck="false"
          ></textarea>
        </p>
        <p><button>Sign in</button></p>
      </form>
      <p>
        What you see and do here, you see and do as yourself: the console has no rights of its own on backups,
        and keeps the token nowhere but sealed in a cookie of your browser.
      </p>
    `,
  });
