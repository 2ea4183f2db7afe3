/** The parts of a host's view, by their names in its address. */
const hostTabs = [
  { name: 'files', title: 'Files' },
  { name: 'certificates', title: 'Certificates' },
  { name: 'facts', title: 'Facts' },
];

/**
 * Shows a host: `rest` is `/PATH:LINE`, `/@TAB` or empty.
 * @param {string} name
 * @param {string} rest
 */
function showHost(name, rest) {
  const view = byId('host');
  const host = hostsByName.get(name);
  if (host === undefined) {
    view.replaceChildren(make('h1', {}, `There is no host ${name}`));
    return;
  }
  const tab = rest.startsWith('/@') ? rest.slice(2) : 'files';
  const panel = make('div', {
    role: 'tabpanel',
    id: 'host-panel',
    'aria-labelledby': `tab-${tab}`,
    tabindex: '-1',
  });
  const parts = { files: filesPanel, certificates: certificatesPanel, facts: factsPanel };
  const fill = parts[/** @type {keyof typeof parts} */ (tab)] ?? filesPanel;
  panel.append(fill(host, rest));
  view.replaceChildren(
    make('p', { class: 'crumbs' }, make('a', { href: '#hosts' }, 'Hosts')),
    make('h1', {}, name),
    make('p', { class: 'lead' }, [host.roles.join(', '), host.addresses.join(', '), host.arch].join(' · ')),
    tabList(host, tab),
    panel,
  );
  view.querySelector('.wanted')?.scrollIntoView({ block: 'center' });
}

/**
 * Tabs that the arrow keys move between (WAI-ARIA Authoring Practices, tabs).
 * @param {HostData} host
 * @param {string} current
 */
function tabList(host, current) {
  const list = make('div', { role: 'tablist', 'aria-label': `Parts of ${host.name}`, class: 'tabs' });
  for (const { name, title } of hostTabs) {
    const isCurrent = name === current;
    const tab = make(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${name}`,
        'aria-selected': String(isCurrent),
        'aria-controls': 'host-panel',
        tabindex: isCurrent ? '0' : '-1',
      },
      title,
    );
    tab.addEventListener('click', () => openTab(host, name));
    list.append(tab);
  }
  list.addEventListener('keydown', (event) => {
    const place = hostTabs.findIndex(({ name }) => name === current);
    const moves = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: hostTabs.length - 1 };
    const next = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (next === undefined) return;
    event.preventDefault();
    openTab(host, hostTabs[(next + hostTabs.length) % hostTabs.length]?.name ?? 'files');
  });
  return list;
}

/**
 * @param {HostData} host
 * @param {string} tab
 */
function openTab(host, tab) {
  location.hash = `#host/${host.name}${tab === 'files' ? '' : `/@${tab}`}`;
  route();
  byId(`tab-${tab}`).focus();
}

/**
 * The list of files and the chosen one.
 * @param {HostData} host
 * @param {string} rest
 */
function filesPanel(host, rest) {
  const [, path = '', line] = /^(.*?)(?::(\d+))?$/.exec(rest) ?? [];
  const files = filesOf(host);
  const found = files.findIndex(([own]) => own === path || own === path.slice(1));
  const chosen = found < 0 ? 0 : found;
  const list = make('ul', { class: 'files' });
  for (const [index, [own]] of files.entries()) {
    const mark = host.own[index] === undefined ? '' : ' differs';
    list.append(
      make(
        'li',
        {},
        make(
          'a',
          {
            href: `#host/${host.name}/${encodeURI(own.replace(/^\//, ''))}`,
            class: mark.trim(),
            ...(index === chosen ? { 'aria-current': 'true' } : {}),
          },
          own,
        ),
      ),
    );
  }
  const [shown = ''] = files[chosen] ?? [];
  const missing =
    path !== '' && found < 0 ? [make('p', { class: 'note' }, `${host.name} has no file ${path}.`)] : [];
  const content = make(
    'div',
    { class: 'file' },
    ...missing,
    make('h2', {}, shown),
    make('p', { class: 'small' }, fileFacts(host, chosen)),
    codeOf(textOf(host, chosen), shown, line === undefined ? undefined : Number(line)),
    make(
      'p',
      { class: 'small' },
      make(
        'a',
        { href: `review/${host.name}/${shown.startsWith('/') ? `rootfs${encodeURI(shown)}` : shown}` },
        'The file in the review tree',
      ),
    ),
  );
  return make(
    'div',
    { class: 'split' },
    make('nav', { 'aria-label': `Files of ${host.name}` }, list),
    content,
  );
}

/** @param {HostData} host */
function certificatesPanel(host) {
  const index = data.hosts.indexOf(host);
  const list = make('div', {});
  for (const authority of data.authorities)
    for (const group of authority.groups)
      for (const certificate of group.certificates)
        if (certificate[0] === index) list.append(certificateDetails(authority, group, certificate));
  return list.childElementCount > 0 ? list : make('p', {}, 'This host holds no certificate of its own.');
}

/** @param {HostData} host */
function factsPanel(host) {
  const units = data.kinds[host.kind]?.units ?? [];
  return factTable([
    ['Name', host.fqdn === '' ? host.name : `${host.name}, ${host.fqdn}`],
    ['Addresses', host.addresses.join(', ')],
    ['Roles', host.roles.join(', ')],
    ['Architecture', host.arch],
    ['Labels', host.labels.join(', ') || 'none'],
    ['Taints', host.taints.join(', ') || 'none'],
    ['Units', units.join(', ')],
    ['Bundle', make('code', {}, `bundles/${host.name}.tar.gz`)],
    ['SHA-256 of it', make('code', {}, host.sha256)],
  ]);
}
