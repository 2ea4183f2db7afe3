/** The page in a real browser: Chromium of Debian, driven by playwright-core, judged by axe-core. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadInventory } from '../../src/inventory/load.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { projectRoot, temporaryFolder } from '../support/cli.ts';
import { clusterOf, manyHosts } from '../support/clusters.ts';
import { pageOf, reportFor } from '../support/report.ts';
import { canRun, findProgram } from '../support/requirements.ts';

const program = findProgram('chromium');
const isThere = canRun('the report in a browser', { chromium: program !== undefined });

/** What a person may wait for; the requirement at 1,000 hosts, on a machine that does nothing else. */
const mostOpenMs = 2000;
/** A shared machine of CI may be this many times slower before the test fails. */
const slowness = 4;

const folder = temporaryFolder('report');
const artefacts = join(projectRoot, 'test-artefacts/report');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
const pages = { six: '', thousand: '', evil: '' };

async function writePage(name: string, cluster: Cluster): Promise<string> {
  const { report } = await reportFor(cluster);
  const file = join(folder, `${name}.html`);
  writeFileSync(file, pageOf(report));
  return pathToFileURL(file).href;
}

beforeAll(async () => {
  if (!isThere) return;
  mkdirSync(artefacts, { recursive: true });
  const example = readFileSync(join(projectRoot, 'examples/ha-stacked.yaml'), 'utf8');
  const { cluster } = loadInventory(example, 'ha-stacked.yaml');
  if (cluster === undefined) throw new Error('the example has errors');
  pages.six = await writePage('six', cluster);
  const thousand = loadInventory(manyHosts(999), 'many.yaml').cluster;
  if (thousand === undefined) throw new Error('the inventory of 1,000 hosts has errors');
  pages.thousand = await writePage('thousand', thousand);
  pages.evil = await writePage(
    'evil',
    clusterOf(
      'components: { apiserver: { args: { event-ttl: "1h" } } }',
      `etcd: { env: { ETCD_LOG_OUTPUTS: "</script><img/src=x/onerror=alert(1)>" } }`,
      'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane, worker] }]',
    ),
  );
  browser = await chromium.launch({
    ...(program === undefined ? {} : { executablePath: program }),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}, 600_000);

afterAll(async () => {
  await browser?.close();
});

interface Opened {
  readonly page: Page;
  /** Errors and warnings of the console, and requests beside the file itself. */
  readonly complaints: string[];
  readonly openMs: number;
}

/** Opens a page in a profile of its own; it is usable when its script has run and it was painted. */
async function open(url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url.split('#')[0] && request.url() !== 'data:,')
      complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  const openMs = await page.evaluate<number>(
    'new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))))',
  );
  return { page, complaints, openMs };
}

/** Goes to an address within the page, as a link does. */
async function go(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
}

async function seriousFaults(page: Page, rules: object): Promise<string[]> {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<AxeResult>(
    `axe.run(${JSON.stringify({ ...rules, resultTypes: ['violations'] })})`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html)
          .join(' ')}`,
    );
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

const views = ['overview', 'topology', 'hosts', 'pki', 'keys', 'flags', 'audit', 'ports'] as const;

describe.skipIf(!isThere)('report.html in Chromium', () => {
  test.each(['six', 'thousand'] as const)(
    '%s: opens without a complaint or a request, in time, in every view',
    async (size) => {
      const { page, complaints, openMs } = await open(pages[size]);
      console.log(
        `report.html of ${size} hosts: open after ${Math.round(openMs)} ms (wanted: ${mostOpenMs} ms)`,
      );
      expect(openMs).toBeLessThan(mostOpenMs * slowness);
      for (const view of views) {
        await page.click(`nav[aria-label="Sections"] a[href="#${view}"]`);
        await page.waitForSelector(`#${view}:not([hidden]) h1`);
        expect(await page.locator('.view:visible').count()).toBe(1);
        expect(await page.locator('nav [aria-current]').textContent()).toBeTruthy();
        await page.screenshot({ path: join(artefacts, `${size}-${view}.png`) });
      }
      await page.goBack();
      await page.waitForSelector('#audit:not([hidden])');
      await page.goForward();
      await page.waitForSelector('#ports:not([hidden])');
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  test.each([
    ['light', 1440, {}],
    // What only the colours or the width decide.
    ['dark', 1440, { runOnly: ['color-contrast'] }],
    ['light', 390, { rules: { 'color-contrast': { enabled: false } } }],
  ] as const)(
    'no serious fault of accessibility in any view, %s, %i wide',
    async (colorScheme, width, rules) => {
      const { page } = await open(pages.six, { colorScheme, viewport: { width, height: 900 } });
      const more = [
        'host/master01',
        'host/master01/@certificates',
        'host/node01/@facts',
        'pki/etcd-ca/etcd-peer/master02',
      ];
      for (const view of [...views, ...more]) {
        await go(page, view);
        await page.waitForTimeout(50);
        await page.screenshot({
          path: join(artefacts, `six-${colorScheme}-${width}-${view.replaceAll('/', '-')}.png`),
        });
        expect({ view, faults: await seriousFaults(page, rules) }).toEqual({ view, faults: [] });
      }
      await page.context().close();
      // axe looks at every element, and a report has thousands.
    },
    300_000,
  );

  test('the keyboard alone: search, its results, tabs, the tree', async () => {
    const { page } = await open(pages.six);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Skip to the content');
    await page.keyboard.press('/');
    await page.keyboard.type('secure-port');
    await page.waitForSelector('#results [role="option"]');
    await page.keyboard.press('ArrowDown');
    const chosen = await page.getAttribute('#search', 'aria-activedescendant');
    expect(await page.getAttribute(`#${chosen}`, 'aria-selected')).toBe('true');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#host:not([hidden]) .line.wanted');
    expect(await page.textContent('.line.wanted')).toContain('--secure-port=6443');
    expect(await page.isVisible('#results')).toBe(false);

    await page.focus('[role="tab"][aria-selected="true"]');
    await page.keyboard.press('ArrowRight');
    expect(await page.textContent('[role="tab"][aria-selected="true"]')).toBe('Certificates');
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Certificates');
    await page.keyboard.press('End');
    expect(await page.textContent('[role="tabpanel"]')).toContain('Architecture');

    await go(page, 'pki');
    await page.waitForSelector('#tree [role="treeitem"]');
    await page.focus('#tree [tabindex="0"]');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await page.textContent('#certificate h3')).toBe('apiserver, master01');
    expect(await page.textContent('#certificate')).toContain('kubernetes.default.svc');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    expect(await page.getAttribute('#tree [aria-selected="true"]', 'aria-expanded')).toBe('false');
    await page.context().close();
  });

  test('addresses lead to a file, a line, a certificate, a check', async () => {
    const { page } = await open(`${pages.thousand}#host/n500/etc/kubernetes/kubelet:5`);
    expect(await page.textContent('#host h1')).toBe('n500');
    expect(await page.textContent('.line.wanted')).toContain('--hostname-override=n500');
    expect(await page.locator('.line.wanted.own').count()).toBe(1);
    await go(page, 'pki/kubernetes-ca/kube-proxy/n998');
    await page.waitForSelector('#certificate h3');
    expect(await page.textContent('#certificate h3')).toBe('kube-proxy, n998');
    expect(await page.textContent('#certificate')).toContain('CN=system:kube-proxy');
    await go(page, 'audit/kubelet-serving-cert');
    await page.waitForSelector('details[open]');
    expect(await page.textContent('details[open] .id')).toBe('kubelet-serving-cert');
    await go(page, 'host/nobody');
    await page.waitForSelector('#host:not([hidden]) h1');
    expect(await page.textContent('#host h1')).toBe('There is no host nobody');
    await page.context().close();
    for (const hash of ['pki/etcd-ca/etcd-peer/master02', 'host/master01/etc/kubernetes/apiserver:50']) {
      const shown = await open(`${pages.six}#${hash}`);
      const place = await shown.page.locator('#tree [aria-selected="true"]:visible, .wanted').boundingBox();
      expect(place?.y).toBeGreaterThan(0);
      expect(place?.y).toBeLessThan(900);
      await shown.page.context().close();
    }
  });

  test('1,000 hosts: search and filters answer at once', async () => {
    const { page, complaints } = await open(pages.thousand);
    await page.keyboard.press('/');
    const ms = await page.evaluate<number>(`(() => {
      const box = document.querySelector('#search');
      const start = performance.now();
      for (const text of ['n', 'n7', 'n77', 'n777']) {
        box.value = text;
        box.dispatchEvent(new Event('input'));
      }
      return performance.now() - start;
    })()`);
    console.log(`four letters of a search among 1,000 hosts: ${Math.round(ms)} ms`);
    expect(ms).toBeLessThan(250 * 4 * slowness);
    expect(await page.textContent('#result-0')).toContain('n777');
    await page.keyboard.press('Escape');
    await page.click('nav a[href="#hosts"]');
    await page.click('#hosts [data-role="worker"]');
    expect(await page.textContent('#host-count')).toBe('999 of 1000 hosts');
    await page.fill('#host-filter', '10.1.3.2');
    const shown = await page.locator('#host-table tbody tr:visible').count();
    expect(shown).toBeGreaterThan(1);
    expect(shown).toBeLessThan(100);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('filters of the audit, and rules as CSV', async () => {
    const { page } = await open(`${pages.six}#audit`);
    await page.click('#audit [data-status="fail"]');
    const failing = await page.locator('#checks > details:visible').count();
    expect(failing).toBe(await page.locator('#checks > details[data-status="fail"]').count());
    expect(failing).toBeGreaterThan(0);
    await page.evaluate(
      "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { globalThis.copied = text; } } })",
    );
    await go(page, 'ports');
    await page.click('#copy-ports');
    await page.waitForFunction("'copied' in globalThis");
    const csv = await page.evaluate<string>('globalThis.copied');
    expect(csv).toContain('etcd,etcd,2379,TCP,network,etcd,');
    expect(csv.trim().split('\r\n')[0]).toBe('From,To,Port,Protocol,Reach,Listens,Why');
    await page.context().close();
  });

  test('what an inventory smuggles in stays text', async () => {
    const { page, complaints } = await open(`${pages.evil}#host/a/etc/default/etcd`);
    expect(await page.textContent('.code')).toContain('</script><img/src=x/onerror=alert(1)>');
    await go(page, 'flags/etcd');
    expect(await page.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('on paper every section is there; without scripts too', async () => {
    const { page } = await open(pages.six);
    await page.emulateMedia({ media: 'print' });
    for (const view of views)
      expect({ view, is: await page.isVisible(`#${view} h1`) }).toEqual({ view, is: true });
    expect(await page.isVisible('.side')).toBe(false);
    await page.pdf({ path: join(artefacts, 'six.pdf'), preferCSSPageSize: true });
    await page.context().close();
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(pages.six);
    for (const view of views)
      expect({ view, is: await plain.isVisible(`#${view} h1`) }).toEqual({ view, is: true });
    expect(await plain.isVisible('#search')).toBe(false);
    await plain.screenshot({ path: join(artefacts, 'six-without-scripts.png'), fullPage: true });
    await context.close();
  });

  test('with less motion nothing moves', async () => {
    const { page } = await open(pages.six, { reducedMotion: 'reduce' });
    const moving = await page.evaluate<number>(
      "[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s').length",
    );
    expect(moving).toBe(0);
    await page.context().close();
  });
});
