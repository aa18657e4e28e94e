import { chromium, type Browser } from 'playwright-core';

/** Debian's, which `scripts/setup test` installs. Root has no sandbox of it. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
