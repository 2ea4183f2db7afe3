/** Addresses: `#VIEW`, `#host/NAME/PATH:LINE`, `#pki/AUTHORITY/GROUP/HOST`, `#audit/CHECK`. */

let isFirstRoute = true;
let routed = '';

/** Shows what the address names. */
function route() {
  const wanted = decoded(location.hash.slice(1));
  if (wanted === routed && !isFirstRoute) return;
  routed = wanted;
  const [, name = '', rest = ''] = /^([^/]*)\/?(.*)$/s.exec(wanted) ?? [];
  const isView = all('.view').some((view) => view.id === name);
  const inside = document.getElementById(wanted)?.closest('.view')?.id;
  const current = isView ? name : (inside ?? 'overview');
  for (const view of all('.view')) view.hidden = view.id !== current;
  for (const link of all('.side nav a')) {
    const isCurrent = link.getAttribute('href') === `#${current === 'host' ? 'hosts' : current}`;
    if (isCurrent) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const before = document.activeElement;
  if (isView) showPart(current, rest);
  // A line or a node of the tree that was scrolled to.
  const isShown = byId(current).querySelector('.wanted') !== null || (current === 'pki' && rest !== '');
  const heading = byId(current).querySelector('h1');
  document.title = `${heading?.textContent ?? ''} · ${baseTitle}`;
  const target = document.getElementById(wanted);
  if (target !== null && target !== byId(current)) pointAt(target);
  else if (!isShown) scrollTo(0, 0);
  // Who came by a link goes on reading where it leads to.
  if (!isFirstRoute && !(before instanceof HTMLButtonElement) && byId('tree').contains(before) === false)
    focusOn(target === byId(current) ? heading : (target ?? heading));
  isFirstRoute = false;
}

const baseTitle = document.title;

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

/**
 * @param {string} view
 * @param {string} rest
 */
function showPart(view, rest) {
  if (view === 'host') {
    const [, name = '', path = ''] = /^([^/]*)(.*)$/s.exec(rest) ?? [];
    showHost(name, path);
  }
  if (view === 'hosts') chooseRole(rest);
  if (view === 'pki' && rest !== '') openNode(rest);
}

/** @param {HTMLElement} target */
function pointAt(target) {
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
  }
  target.scrollIntoView({ block: 'start' });
}

/** @param {HTMLElement | null} element */
function focusOn(element) {
  const target = element instanceof HTMLDetailsElement ? element.querySelector('summary') : element;
  if (!(target instanceof HTMLElement)) return;
  if (!target.matches('a, button, input, summary, [tabindex]')) target.tabIndex = -1;
  target.focus({ preventScroll: true });
}
