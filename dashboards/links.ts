import { DashboardLinkType, type DashboardLink } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DashboardContext } from './context.ts';
import { variables } from './variables.ts';

const linkTo = (title: string, url: string, more: Partial<DashboardLink>): DashboardLink => ({
  title,
  url,
  type: DashboardLinkType.Link,
  icon: 'external link',
  tooltip: '',
  tags: [],
  asDropdown: false,
  targetBlank: true,
  includeVars: false,
  keepTime: false,
  ...more,
});

/** A page of AWS; other S3 servers have consoles of their own, at addresses nobody knows. */
const consoleUrl = ({ plan }: DashboardContext): string | undefined => {
  const { s3 } = plan.stores;
  if (!s3?.sync || s3.endpoint) return undefined;
  return `https://s3.console.aws.amazon.com/s3/buckets/${new URL(s3.base).hostname}?region=${s3.region}`;
};

/** Links of every dashboard. @param other uid and title of the dashboard to go to */
export const linksOf = (
  context: DashboardContext,
  other: { readonly uid: string; readonly title: string },
): readonly DashboardLink[] => {
  const store = consoleUrl(context);
  const sameWindow = { icon: 'dashboard', targetBlank: false, includeVars: true, keepTime: true };
  return [
    linkTo(other.title, `/d/${other.uid}`, sameWindow),
    linkTo('Runbook', context.runbookUrl, { icon: 'doc' }),
    ...(store ? [linkTo('S3 console', store, {})] : []),
  ];
};

/** Where a click on a row with a target leads. */
export const targetUrl = (uid: string): string =>
  `/d/${uid}?var-${variables.datasource}=\${${variables.datasource}}&var-${variables.environment}=\${${variables.environment}}` +
  `&var-${variables.target}=\${__data.fields.Target}&\${__url_time_range}`;
