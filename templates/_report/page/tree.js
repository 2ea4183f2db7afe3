/**
 * The authorities and what they signed, as a tree (WAI-ARIA Authoring Practices, tree view). An item is
 * the label of a list entry; it owns the list below it, so that its name is its own text alone.
 */

/**
 * Where an item is in the tree: `AUTHORITY/GROUP/HOST`.
 * @param {HTMLElement} item
 */
function nodeOf(item) {
  return item.parentElement?.dataset.node ?? '';
}

/** @param {HTMLElement} item */
function listBelow(item) {
  return item.parentElement?.querySelector(':scope > ul') ?? null;
}

/** @param {HTMLElement} entry an `li` of the tree */
function makeItem(entry) {
  entry.setAttribute('role', 'none');
  const [item] = all(':scope > .label', entry);
  if (item === undefined) return;
  const level = nodeOf(item).split('/').length;
  item.setAttribute('role', 'treeitem');
  item.setAttribute('aria-level', String(level));
  item.setAttribute('aria-selected', 'false');
  item.tabIndex = -1;
  const list = listBelow(item);
  if (list !== null) own(item, list);
  if (level < 3) item.setAttribute('aria-expanded', String(list !== null));
}

/**
 * @param {HTMLElement} item
 * @param {Element} list
 */
function own(item, list) {
  list.setAttribute('role', 'group');
  list.id = `below-${nodeOf(item)}`;
  item.setAttribute('aria-owns', list.id);
}

/**
 * The authority, group and certificate that a node `AUTHORITY/GROUP/HOST` names.
 * @param {string} node
 */
function partsOfNode(node) {
  const [authorityName, groupName, hostName] = node.split('/');
  const authority = data.authorities.find(({ name }) => name === authorityName);
  const group = authority?.groups.find(({ name }) => name === groupName);
  const certificate = group?.certificates.find(
    ([host]) => (data.hosts[host]?.name ?? 'operator') === hostName,
  );
  return { authority, group, certificate };
}

/**
 * Opens or closes an item; the hosts of a group are made when it is opened for the first time.
 * @param {HTMLElement} item
 * @param {boolean} isOpen
 */
function expand(item, isOpen) {
  if (!item.hasAttribute('aria-expanded')) return;
  item.setAttribute('aria-expanded', String(isOpen));
  const below = listBelow(item);
  if (below !== null) /** @type {HTMLElement} */ (below).hidden = !isOpen;
  if (!isOpen || below !== null) return;
  const node = nodeOf(item);
  const list = make('ul', {});
  for (const [host, , to] of partsOfNode(node).group?.certificates ?? []) {
    const name = data.hosts[host]?.name ?? 'operator';
    const child = make(
      'li',
      { 'data-node': `${node}/${name}` },
      make('span', { class: 'label' }, name, ' ', make('small', {}, `until ${dayOf(to)}`)),
    );
    makeItem(child);
    list.append(child);
  }
  item.after(list);
  own(item, list);
}

/** Items that are not below a closed one. */
function openItems() {
  return all('#tree [role="treeitem"]').filter((item) => item.closest('ul[hidden]') === null);
}

/**
 * The item above another one.
 * @param {HTMLElement} item
 */
function itemAbove(item) {
  const entry = item.parentElement?.parentElement?.closest('li') ?? null;
  return entry === null ? undefined : all(':scope > .label', entry)[0];
}

/** @param {HTMLElement} item */
function select(item) {
  for (const other of all('#tree [aria-selected="true"]')) other.setAttribute('aria-selected', 'false');
  for (const other of all('#tree [tabindex="0"]')) other.tabIndex = -1;
  item.setAttribute('aria-selected', 'true');
  item.tabIndex = 0;
  showNode(nodeOf(item));
}

/** @param {KeyboardEvent} event */
function onTreeKey(event) {
  const item = /** @type {HTMLElement} */ (event.target);
  const items = openItems();
  const place = items.indexOf(item);
  if (place < 0) return;
  const isOpen = item.getAttribute('aria-expanded');
  /** @type {Record<string, () => HTMLElement | null | undefined>} */
  const moves = {
    ArrowDown: () => items[place + 1],
    ArrowUp: () => items[place - 1],
    Home: () => items[0],
    End: () => items.at(-1),
    ArrowRight: () => {
      if (isOpen === 'true') return items[place + 1];
      expand(item, true);
      return item;
    },
    ArrowLeft: () => {
      if (isOpen !== 'true') return itemAbove(item);
      expand(item, false);
      return item;
    },
    Enter: () => item,
    ' ': () => item,
  };
  const move = moves[event.key];
  if (move === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const next = move();
  if (next === null || next === undefined) return;
  if (event.key === 'Enter') expand(item, isOpen !== 'true');
  select(next);
  next.focus();
}

/**
 * Shows what a node is about; also what an address `#pki/NODE` names.
 * @param {string} node
 */
function showNode(node) {
  const { authority, group, certificate } = partsOfNode(node);
  const box = byId('certificate');
  if (authority === undefined) {
    box.replaceChildren(
      make('p', { class: 'small' }, 'Choose an authority or a certificate; the arrow keys move in the tree.'),
    );
    return;
  }
  if (group === undefined) {
    box.replaceChildren(
      make('h3', {}, authority.name),
      factTable([...fieldsOf(authority.text), ['private key', authority.key]]),
    );
    return;
  }
  const chosen = certificate ?? group.certificates[0];
  if (chosen === undefined) {
    box.replaceChildren(make('h3', {}, group.name), make('p', {}, 'No host holds it.'));
    return;
  }
  box.replaceChildren(certificateDetails(authority, group, chosen));
}

/**
 * @param {AuthorityData} authority
 * @param {GroupData} group
 * @param {CertificateData} certificate
 */
function certificateDetails(authority, group, certificate) {
  const [index, , to] = certificate;
  const host = data.hosts[index];
  const place = host === undefined ? 'the PKI folder of the operator' : `${host.name} ${group.keyPath}`;
  const file =
    host === undefined
      ? []
      : [
          make(
            'p',
            {},
            make('a', { href: `#host/${host.name}${encodeURI(group.path)}` }, `${host.name} ${group.path}`),
          ),
        ];
  return make(
    'article',
    { class: 'certificate' },
    make('h3', {}, `${group.name}, ${host?.name ?? 'operator'}`),
    make('p', { class: 'small' }, `${group.why}. Expires ${untilText(to)}.`),
    ...file,
    factTable([
      ...fieldsOf(certificateText(group, certificate)),
      ['signed by', authority.name],
      ['private key', group.path.endsWith('.conf') ? `${place}, inside the kubeconfig` : place],
    ]),
  );
}

/**
 * Selects the node of an address, opening what it is in.
 * @param {string} node
 */
function openNode(node) {
  const steps = node.split('/');
  for (let length = 1; length <= steps.length; length++) {
    const part = steps.slice(0, length).join('/');
    const item = all('#tree .label').find((one) => nodeOf(one) === part);
    if (item === undefined) break;
    if (length < steps.length) expand(item, true);
    else {
      select(item);
      item.scrollIntoView({ block: 'center' });
    }
  }
}

function startTree() {
  const tree = byId('tree');
  tree.setAttribute('role', 'tree');
  for (const entry of all('#tree li')) makeItem(entry);
  const [first] = all('#tree .label');
  if (first !== undefined) first.tabIndex = 0;
  tree.addEventListener('keydown', onTreeKey);
  tree.addEventListener('click', (event) => {
    const target = /** @type {Element} */ (event.target);
    const item = /** @type {HTMLElement | null} */ (target.closest('[role="treeitem"]'));
    if (item === null) return;
    expand(item, item.getAttribute('aria-expanded') !== 'true');
    select(item);
    item.focus();
  });
  showNode('');
}
