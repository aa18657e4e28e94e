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

/** A dashboard for the same data. Targets are left out: the one dashboard shows several, the other one. */
const sameData = (uid: string): string => {
  const values = [variables.datasource, variables.environment].map((name) => `var-${name}=\${${name}}`);
  return `/d/${uid}?${values.join('&')}`;
};

/** Links of every dashboard. @param other uid and title of the dashboard to go to */
export const linksOf = (
  context: DashboardContext,
  other: { readonly uid: string; readonly title: string },
): readonly DashboardLink[] => {
  const store = consoleUrl(context);
  return [
    linkTo(other.title, sameData(other.uid), { icon: 'dashboard', targetBlank: false, keepTime: true }),
    linkTo('Runbook', context.runbookUrl, { icon: 'doc' }),
    ...(store ? [linkTo('S3 console', store, {})] : []),
  ];
};

/** Where a click on a row with a target leads. */
export const targetUrl = (uid: string): string =>
  `${sameData(uid)}&var-${variables.target}=\${__data.fields.Target}&\${__url_time_range}`;
