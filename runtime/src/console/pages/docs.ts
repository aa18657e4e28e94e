import { html } from 'hono/html';
import { consolePaths } from '../../contract/console.ts';
import { layout, type Markup } from './layout.ts';

interface Described {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, { readonly summary?: string }>>>>;
}

/** What the API has, one line for each request. */
export const docsPage = (caller: string, document: Described): Markup => {
  const lines = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { summary }]) =>
        html`<tr>
          <td><code>${method.toUpperCase()} ${consolePaths.api}${path}</code></td>
          <td>${summary}</td>
        </tr>`,
    ),
  );
  const content = html`<p><a href="/openapi.json">/openapi.json</a> describes every request and answer.</p>
    <table>
      <thead>
        <tr>
          <th scope="col">Request</th>
          <th scope="col">Answer</th>
        </tr>
      </thead>
      <tbody>
        ${lines}
      </tbody>
    </table>`;
  return layout({ title: 'API', caller, content });
};
