/**
 * The search box: a combobox with a list (WAI-ARIA Authoring Practices).
 * @typedef {{ readonly kind: string, readonly text: string, readonly detail: string, readonly href: string, readonly words: string }} Entry
 */

/** Most results of a kind that are shown. */
const mostOfKind = 8;

/** @type {Entry[] | undefined} */
let entries;
let active = -1;

/** Everything that is found by its name; made when the box is first used. */
function index() {
  if (entries !== undefined) return entries;
  /** @type {Entry[]} */
  const found = [];
  const add = (
    /** @type {string} */ kind,
    /** @type {string} */ text,
    /** @type {string} */ detail,
    /** @type {string} */ href,
    more = '',
  ) => found.push({ kind, text, detail, href, words: `${text} ${detail} ${more}`.toLowerCase() });
  for (const { name, addresses, roles, fqdn, labels } of data.hosts)
    add(
      'Hosts',
      name,
      `${addresses.join(', ')} · ${roles.join(', ')}`,
      `#host/${name}`,
      [fqdn, ...labels].join(' '),
    );
  for (const [kindIndex, kind] of data.kinds.entries()) {
    const host = data.hosts.find((one) => one.kind === kindIndex);
    if (host === undefined) continue;
    const others = kind.hosts > 1 ? ` and ${kind.hosts - 1} more` : '';
    for (const [path] of kind.files) add('Files', path, `${host.name}${others}`, fileHref(host, path));
  }
  for (const authority of data.authorities) {
    add('Certificates', authority.name, 'authority', `#pki/${authority.name}`);
    for (const { name, commonName, path, certificates } of authority.groups)
      add(
        'Certificates',
        name,
        `${commonName} · ${certificates.length}`,
        `#pki/${authority.name}/${name}`,
        path,
      );
  }
  for (const row of all('#flags tr[data-search]')) {
    const href = row.querySelector('a.value')?.getAttribute('href') ?? '#flags';
    add(
      'Settings',
      row.dataset.search ?? '',
      row.querySelector('td')?.textContent?.replace(/\s+/g, ' ').trim() ?? '',
      href,
    );
  }
  for (const check of all('#checks > details'))
    add(
      'Checks',
      check.querySelector('.id')?.textContent ?? '',
      check.querySelector('.tag')?.textContent ?? '',
      `#${check.id}`,
      check.querySelector('p')?.textContent ?? '',
    );
  for (const row of all('#port-table tbody tr')) {
    const [from = '', to = '', port = '', protocol = ''] = all('td', row).map(
      (cell) => cell.textContent ?? '',
    );
    add('Ports', `${port}/${protocol}`, `${from} to ${to}`, '#ports');
  }
  entries = found;
  return found;
}

/**
 * @param {HostData} host
 * @param {string} path
 */
function fileHref(host, path) {
  return `#host/${host.name}/${encodeURI(path.replace(/^\//, ''))}`;
}

/**
 * Lines of files that hold a text; of hosts of a kind the first stands for all.
 * @param {string} wanted
 * @returns {Entry[]}
 */
function linesWith(wanted) {
  /** @type {Entry[]} */
  const found = [];
  /** @type {Set<number>} */
  const seen = new Set();
  for (const [kindIndex, kind] of data.kinds.entries()) {
    const host = data.hosts.find((one) => one.kind === kindIndex);
    for (const [path, , , text] of kind.files) {
      if (host === undefined || seen.has(text)) continue;
      seen.add(text);
      const content = data.texts[text] ?? '';
      const place = content.toLowerCase().indexOf(wanted);
      if (place < 0) continue;
      const line = content.slice(0, place).split('\n').length;
      const shown = content.split('\n')[line - 1]?.trim() ?? '';
      found.push({
        kind: 'Lines',
        text: shown.slice(0, 160),
        detail: `${host.name}${path}:${line}`,
        href: `${fileHref(host, path)}:${line}`,
        words: '',
      });
      if (found.length >= mostOfKind) return found;
    }
  }
  return found;
}

/**
 * The best results of every kind: names that begin with what is wanted come first.
 * @param {string} wanted
 */
function resultsFor(wanted) {
  const words = wanted.split(/\s+/);
  const [first = ''] = words;
  const rank = (/** @type {Entry} */ { text }) => {
    const place = text.toLowerCase().indexOf(first);
    return place === 0 ? 0 : place > 0 ? 1 : 2;
  };
  const fitting = index().filter((entry) => words.every((word) => entry.words.includes(word)));
  fitting.sort((left, right) => rank(left) - rank(right));
  const kinds = [...new Set(fitting.map(({ kind }) => kind))];
  const names = kinds.flatMap((kind) => fitting.filter((entry) => entry.kind === kind).slice(0, mostOfKind));
  return { found: [...names, ...(wanted.length >= 3 ? linesWith(wanted) : [])], count: fitting.length };
}

function showResults() {
  const box = inputById('search');
  const list = byId('results');
  const wanted = box.value.trim().toLowerCase();
  active = -1;
  box.removeAttribute('aria-activedescendant');
  if (wanted === '') {
    closeResults();
    return;
  }
  const { found, count } = resultsFor(wanted);
  list.replaceChildren();
  for (const kind of new Set(found.map((entry) => entry.kind))) {
    const group = make(
      'div',
      { role: 'group', 'aria-label': kind },
      make('p', { class: 'kind', role: 'presentation' }, kind),
    );
    for (const entry of found.filter((one) => one.kind === kind)) {
      const option = make(
        'div',
        {
          role: 'option',
          id: `result-${found.indexOf(entry)}`,
          'aria-selected': 'false',
          'data-href': entry.href,
        },
        make('span', { class: 'found' }, entry.text),
        ' ',
        make('small', {}, entry.detail),
      );
      // Before the box loses the focus.
      option.addEventListener('mousedown', (event) => {
        event.preventDefault();
        openResult(option);
      });
      group.append(option);
    }
    list.append(group);
  }
  list.hidden = found.length === 0;
  box.setAttribute('aria-expanded', String(found.length > 0));
  say(found.length === 0 ? 'Nothing found' : `${Math.max(count, found.length)} results`);
}

function closeResults() {
  byId('results').hidden = true;
  inputById('search').setAttribute('aria-expanded', 'false');
  inputById('search').removeAttribute('aria-activedescendant');
}

/** @param {HTMLElement} option */
function openResult(option) {
  closeResults();
  location.hash = option.dataset.href ?? '';
}

/** @param {KeyboardEvent} event */
function onSearchKey(event) {
  const options = all('#results [role="option"]');
  if (event.key === 'Escape') closeResults();
  if (event.key === 'Enter') {
    const chosen = options[Math.max(active, 0)];
    if (chosen !== undefined && !byId('results').hidden) openResult(chosen);
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || options.length === 0) return;
  event.preventDefault();
  active = (active + step + options.length) % options.length;
  for (const [place, option] of options.entries())
    option.setAttribute('aria-selected', String(place === active));
  const chosen = options[active];
  if (chosen === undefined) return;
  inputById('search').setAttribute('aria-activedescendant', chosen.id);
  chosen.scrollIntoView({ block: 'nearest' });
}

function startSearch() {
  const box = inputById('search');
  for (const bar of all('.bar')) bar.hidden = false;
  box.addEventListener('input', showResults);
  box.addEventListener('keydown', onSearchKey);
  box.addEventListener('blur', closeResults);
  document.addEventListener('keydown', (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const isTyping = target.matches('input, textarea, select') || target.isContentEditable;
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
}
