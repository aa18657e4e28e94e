import { html } from 'hono/html';
import { consolePaths } from '../../contract/console.ts';
import { layout, type Markup } from './layout.ts';
import { row, table } from './table.ts';

interface Described {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, { readonly summary?: string }>>>>;
}

/** What the API has, one line for each request. */
export const docsPage = (caller: string, document: Described): Markup => {
  const lines = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary = '' }]) =>
      row([html`<code>${method.toUpperCase()} ${consolePaths.api}${path}</code>`, summary]),
    ),
  );
  const content = html`<p><a href="/openapi.json">/openapi.json</a> describes every request and answer.</p>
    ${table({ caption: 'Requests', columns: ['Request', 'Answer'], rows: lines })}`;
  return layout({ title: 'API', caller, content });
};
