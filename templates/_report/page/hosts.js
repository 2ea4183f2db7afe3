/** Shows the hosts that the filter and the pressed roles want. */
function filterHosts() {
  const words = inputById('host-filter')
    .value.toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const roles = all('#hosts [data-role][aria-pressed="true"]').map((button) => button.dataset.role ?? '');
  let shown = 0;
  const rows = all('#host-table tbody tr');
  for (const [index, row] of rows.entries()) {
    const host = data.hosts[index];
    if (host === undefined) continue;
    const text = [
      host.name,
      host.fqdn,
      ...host.addresses,
      ...host.roles,
      ...host.labels,
      ...host.taints,
      host.arch,
    ]
      .join(' ')
      .toLowerCase();
    const isWanted =
      roles.every((role) => host.roles.includes(role)) && words.every((word) => text.includes(word));
    row.hidden = !isWanted;
    if (isWanted) shown++;
  }
  byId('host-count').textContent = `${shown} of ${rows.length} hosts`;
}

/**
 * Presses the button of one role, or none.
 * @param {string} role
 */
function chooseRole(role) {
  for (const button of all('#hosts [data-role]'))
    button.setAttribute('aria-pressed', String(button.dataset.role === role));
  filterHosts();
}

/** Names of a role's hosts below the picture, made when they are first asked for. */
function startMembers() {
  for (const box of all('.members')) {
    box.hidden = false;
    box.addEventListener('toggle', () => {
      const [list] = all('p', box);
      if (list === undefined || list.childElementCount > 0) return;
      for (const { name, roles } of data.hosts)
        if (roles.includes(box.dataset.members ?? ''))
          list.append(make('a', { href: `#host/${name}` }, name), ' ');
    });
  }
}

function startHosts() {
  startMembers();
  for (const box of all('.filters')) box.hidden = false;
  inputById('host-filter').addEventListener('input', filterHosts);
  for (const button of all('#hosts [data-role]'))
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
      filterHosts();
    });
}
