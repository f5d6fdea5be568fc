// The whole way in a real browser: a shopper registers, orders and receives; staff mark paid and ship.
// Script off and on, English and Chinese, narrow and wide. On every page: no console error, no
// request to another host, no side scroll, and (script on) no accessibility finding of WCAG 2.2 AA.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import readline from 'node:readline';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const binary = process.env.WALK_BINARY;
const shots = process.env.WALK_SHOTS; // a folder for pictures of every page
if (!binary) throw new Error('WALK_BINARY names the program');
if (shots) mkdirSync(shots, { recursive: true });

let passed = 0;
const failures = [];

function check(holds, what) {
  if (holds) passed += 1;
  else { failures.push(what); console.error('FAILED', what); }
}

async function openDemo() {
  const child = spawn(binary, ['demo', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = {};
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const [label, ...rest] = line.split(': ');
    said[label] = rest.join(': ').trim();
    if (label === 'Backup identity') break;
  }
  return { child, said, url: said.Shop };
}

// One browser window that keeps watch over what its pages do.
async function openWindow(browser, { script, language, width, dark }) {
  const context = await browser.newContext({
    javaScriptEnabled: script,
    bypassCSP: script,
    locale: language,
    colorScheme: dark ? 'dark' : 'light',
    viewport: { width, height: 900 },
  });
  const page = await context.newPage();
  const name = `${language} ${width} px ${script ? 'with' : 'without'} script${dark ? ', dark' : ''}`;
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('422')) check(false, `${name}: console: ${message.text()} on ${page.url()}`);
  });
  page.on('pageerror', (error) => check(false, `${name}: ${error} on ${page.url()}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.hostname !== '127.0.0.1') check(false, `${name}: asked ${url.hostname}`);
  });
  return { context, page, name, script, language, width, dark };
}

let count = 0;
const seen = new Set();

// Looks at the page that is open.
async function look(window, title) {
  const { page, name } = window;
  const fits = !window.script || await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1);
  check(fits, `${name}: ${title} scrolls sideways`);
  if (shots) {
    count += 1;
    const file = `${String(count).padStart(3, '0')}-${title}-${window.language}-${window.width}${window.script ? '' : '-noscript'}${window.dark ? '-dark' : ''}.png`;
    await page.screenshot({ path: `${shots}/${file}`, fullPage: true });
  }
  const key = `${name} ${title}`;
  if (!window.script || seen.has(key)) return;
  seen.add(key);
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  }));
  for (const violation of result.violations) {
    const where = violation.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ');
    check(false, `${name}: ${title}: ${violation.id}: ${violation.help} at ${where}`);
  }
  check(true, `${key} has no accessibility finding`);
}

async function go(window, url, title) {
  const answer = await window.page.goto(url);
  check(answer.status() < 400, `${window.name}: ${url} answered ${answer.status()}`);
  await look(window, title);
}

// Presses the main button of the form that goes to `action`: its last one.
async function press(window, action) {
  const button = window.page.locator(`form[action="${action}"] button`).last();
  await Promise.all([window.page.waitForLoadState('load'), button.click()]);
  await window.page.waitForLoadState('load');
}

async function fill(window, action, values) {
  const form = window.page.locator(`form[action="${action}"]`).last();
  for (const [name, value] of Object.entries(values)) {
    const field = form.locator(`[name="${name}"]`).first();
    const kind = await field.evaluate((node) => node.tagName === 'SELECT' ? 'select' : node.type).catch(() => 'text');
    if (kind === 'select') await field.selectOption(value);
    else if (kind === 'checkbox') await field.check();
    else if (kind === 'radio') await form.locator(`[name="${name}"][value="${value}"]`).check();
    else await field.fill(value);
  }
}

async function codeFor(url, contact) {
  for (let tries = 0; tries < 100; tries += 1) {
    const letters = await (await fetch(`${url}/demo/outbox.json`)).json();
    const letter = letters.find((each) => each.to === contact);
    const code = letter && (letter.body.match(/\b\d{6}\b/) ?? letter.subject.match(/\b\d{6}\b/));
    if (code) return code[0];
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`no code for ${contact}`);
}

async function shopperBuys(demo, window, account) {
  const { url } = demo;
  const { page } = window;
  const contact = `${account}@example.com`;
  await go(window, `${url}/`, 'home');
  await page.locator('main a[href^="/categories/"]').first().click();
  await look(window, 'category');
  await page.locator('main a[href^="/products/"]').first().click();
  await look(window, 'product');
  await go(window, `${url}/search?q=${encodeURIComponent(window.language === 'en' ? 'tea' : '茶')}`, 'search');
  const product = page.locator('main a[href^="/products/"]').first();
  await product.click();
  await press(window, '/cart/items');
  await look(window, 'cart');
  await go(window, `${url}/register`, 'register');
  await press(window, '/register');
  await look(window, 'register-refused');
  await fill(window, '/register', { account, contact, password: 'seven blue lanterns hang', agree: 'on' });
  await press(window, '/register');
  await look(window, 'verify');
  await fill(window, '/register/verify', { code: await codeFor(url, contact) });
  await press(window, '/register/verify');
  await go(window, `${url}/account`, 'account');
  await go(window, `${url}/checkout`, 'checkout');
  await press(window, '/checkout');
  await look(window, 'checkout-refused');
  await fill(window, '/checkout', {
    name: '王小明', phone: '13900001234', region: '浙江省', city: '杭州市', district: '西湖区', street: '文三路 99 号',
    payment: 'transfer',
  });
  await press(window, '/checkout');
  await look(window, 'order');
  const number = page.url().match(/orders\/([A-Z]+\d+)/)?.[1];
  check(Boolean(number), `${window.name}: an order was made (at ${page.url()})`);
  await go(window, `${url}/orders/${number}/pay`, 'pay');
  for (const [path, title] of [
    ['/account/orders', 'orders'], ['/account/addresses', 'addresses'], ['/account/settings', 'settings'],
    ['/account/security', 'security'],
  ]) await go(window, url + path, title);
  return number;
}

async function staffShips(demo, window, number) {
  const { url, said } = demo;
  const { page } = window;
  const [email, password] = said.Owner.split(' ');
  await go(window, `${url}/admin/login`, 'admin-login');
  await fill(window, '/admin/login', { account: email, password });
  await press(window, '/admin/login');
  await go(window, `${url}/admin`, 'admin');
  await go(window, `${url}/admin/orders`, 'admin-orders');
  await go(window, `${url}/admin/orders/${number}`, 'admin-order');
  await press(window, `/admin/orders/${number}/paid`);
  await look(window, 'admin-order-paid');
  await fill(window, `/admin/orders/${number}/ship`, { carrier: 'SF Express', tracking: 'SF1234567890' });
  await press(window, `/admin/orders/${number}/ship`);
  await look(window, 'admin-order-shipped');
  for (const [path, title] of [
    ['/admin/products', 'admin-products'], ['/admin/products/new', 'admin-new-product'], ['/admin/categories', 'admin-categories'],
    ['/admin/customers', 'admin-customers'], ['/admin/messages', 'admin-messages'], ['/admin/backups', 'admin-backups'],
    ['/admin/staff', 'admin-staff'], ['/admin/settings', 'admin-settings'], ['/admin/security', 'admin-security'],
    ['/admin/access-log', 'admin-access-log'], ['/admin/conversations', 'admin-conversations'],
    ['/admin/verify', 'admin-verify'],
  ]) await go(window, url + path, title);
  await page.goto(`${url}/admin/products`);
  await page.locator('main a[href^="/admin/products/"]').nth(1).click();
  await look(window, 'admin-product');
}

async function shopperReceives(demo, window, number) {
  const path = `/account/orders/${number}`;
  await go(window, demo.url + path, 'order-shipped');
  await press(window, `${path}/received`);
  await look(window, 'order-received');
  for (const [page, title] of [
    ['/terms', 'terms'], ['/delivery', 'delivery'], ['/returns', 'returns'], ['/contact', 'contact'], ['/support', 'support'], ['/support/leak', 'support-leak'],
    ['/privacy', 'privacy'], ['/cookies', 'cookies'], ['/login', 'login'], ['/password/forgot', 'forgot'],
    ['/demo/outbox', 'outbox'],
  ]) await go(window, demo.url + page, title);
}

const demo = await openDemo();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  const walks = [
    { script: false, language: 'en', width: 390 }, { script: false, language: 'zh-CN', width: 1280 },
    { script: true, language: 'en', width: 1280 }, { script: true, language: 'zh-CN', width: 390 },
    { script: true, language: 'en', width: 390, dark: true },
  ];
  for (const [index, walk] of walks.entries()) {
    const shopper = await openWindow(browser, walk);
    const staff = await openWindow(browser, walk);
    try {
      const number = await shopperBuys(demo, shopper, `walker-${index}`);
      await staffShips(demo, staff, number);
      await shopperReceives(demo, shopper, number);
    } catch (error) {
      check(false, `${shopper.name}: ${error.message.split('\n')[0]} (shopper at ${shopper.page.url()}, staff at ${staff.page.url()})`);
    }
    await shopper.context.close();
    await staff.context.close();
  }
} finally {
  await browser.close();
  demo.child.kill('SIGTERM');
}
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
