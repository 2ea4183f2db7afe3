/** Filters of the audit, what depends on the day, and copying. */

function filterChecks() {
  const words = inputById('check-filter')
    .value.toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const statuses = all('#audit [data-status][aria-pressed="true"]').map(
    (button) => button.dataset.status ?? '',
  );
  const isBenchmarkOnly = all('#audit [data-profile][aria-pressed="true"]').length > 0;
  const checks = all('#checks > details');
  let shown = 0;
  for (const check of checks) {
    const summary = check.querySelector('summary')?.textContent?.toLowerCase() ?? '';
    const isWanted =
      (statuses.length === 0 || statuses.includes(check.dataset.status ?? '')) &&
      (!isBenchmarkOnly || check.dataset.benchmark !== undefined) &&
      words.every((word) => summary.includes(word));
    check.hidden = !isWanted;
    if (isWanted) shown++;
  }
  byId('check-count').textContent = `${shown} of ${checks.length} checks`;
}

/** Waivers that have expired by today: their checks fail. */
function expireWaivers() {
  const today = new Date().toISOString().slice(0, 10);
  for (const item of all('[data-expires]')) {
    if ((item.dataset.expires ?? '') >= today) continue;
    item.append(make('b', {}, ` This waiver has expired: the check fails now.`));
    const check = item.closest('details');
    const tag = check?.querySelector('summary .tag');
    if (check === null || !tag) continue;
    check.dataset.status = 'fail';
    tag.className = 'tag fail';
    tag.textContent = 'waiver expired';
  }
}

/** Days left, and the line of today in the time lines. */
function showToday() {
  const now = Date.now() / 1000;
  for (const place of all('.days')) {
    const until = Number(place.dataset.until);
    place.textContent = `, ${untilText(until)}`;
    if (until - now < data.renewBeforeDays * 86_400) place.classList.add('soon');
  }
  for (const svg of document.querySelectorAll('svg.timeline')) {
    const number = (/** @type {string} */ name) => Number(svg.getAttribute(`data-${name}`));
    const share = (now - number('from')) / Math.max(1, number('to') - number('from'));
    if (share < 0 || share > 1) continue;
    const x = String(number('left') + share * (number('right') - number('left')));
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    for (const [name, value] of Object.entries({ class: 'today', x1: x, x2: x, y1: '18', y2: '100%' }))
      line.setAttribute(name, value);
    svg.append(line);
  }
}

/** The table of rules as CSV (RFC 4180). */
function portsCsv() {
  const cells = (/** @type {HTMLElement} */ row) =>
    all('th, td', row).map((cell) => cell.textContent?.trim() ?? '');
  const quote = (/** @type {string} */ text) =>
    /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return all('#port-table tr')
    .map((row) => `${cells(row).map(quote).join(',')}\r\n`)
    .join('');
}

/** A browser may refuse the clipboard to a file: then the text is shown to be copied by hand. */
async function copyPorts() {
  const text = portsCsv();
  try {
    await navigator.clipboard.writeText(text);
    byId('copied').textContent = 'Copied.';
  } catch {
    const box = make('textarea', { readonly: '', rows: '12', 'aria-label': 'Rules as CSV' }, text);
    byId('copied').replaceChildren(box);
    box.select();
  }
}

function startFilters() {
  inputById('check-filter').addEventListener('input', filterChecks);
  for (const button of all('#audit button[aria-pressed]'))
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
      filterChecks();
    });
  byId('copy-ports').addEventListener('click', copyPorts);
  // Arrows and rows of the same connection light up together.
  for (const part of document.querySelectorAll('#topology [data-name]')) {
    const name = part.getAttribute('data-name');
    const light = (/** @type {boolean} */ isOn) => {
      for (const other of document.querySelectorAll('#topology [data-name]'))
        if (other.getAttribute('data-name') === name) other.classList.toggle('lit', isOn);
    };
    part.addEventListener('mouseenter', () => light(true));
    part.addEventListener('mouseleave', () => light(false));
  }
}
