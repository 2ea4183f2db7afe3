/**
 * A file's text with numbered lines.
 * @param {ReturnType<typeof textOf>} text
 * @param {string} path
 * @param {number | undefined} wanted the line that is pointed at, from 1 on
 */
function codeOf({ lines, own }, path, wanted) {
  const shown = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  const code = make('code', {});
  for (const [index, line] of shown.entries()) {
    const names = ['line', lineClass(line, path)];
    if (own.has(index)) names.push('own');
    if (index + 1 === wanted) names.push('wanted');
    code.append(
      make('span', { class: names.join(' ').trim(), 'data-line': String(index + 1) }, ...partsOf(line), '\n'),
    );
  }
  return make(
    'pre',
    { class: 'code', tabindex: '0', role: 'region', 'aria-label': `Content of ${path}` },
    code,
  );
}

/**
 * What a line is, for its colour.
 * @param {string} line
 * @param {string} path
 */
function lineClass(line, path) {
  if (/^\s*(?:#|;|\/\/)/.test(line)) return 'comment';
  if (/^\[.*\]$/.test(line)) return 'head';
  if (/^-----|^[A-Za-z0-9+/=]{40,}$/.test(line) || path.endsWith('.key')) return 'dim';
  return '';
}

/**
 * A setting's name apart from its value.
 * @param {string} line
 * @returns {(Node | string)[]}
 */
function partsOf(line) {
  const [, before = '', name = '', rest = ''] = /^(\s*(?:- )?)([\w./-]+)(\s?[:=].*)$/s.exec(line) ?? [];
  return name === '' ? [line] : [before, make('span', { class: 'name' }, name), rest];
}

/**
 * What is to be said of a file beside its content.
 * @param {HostData} host
 * @param {number} index
 */
function fileFacts(host, index) {
  const file = filesOf(host)[index];
  const kind = data.kinds[host.kind];
  if (file === undefined || kind === undefined) return '';
  const [path, access, services, , differing] = file;
  const others = kind.hosts - 1;
  const isOwn = host.own[index] !== undefined || (isFirstOfKind(host) && differing === others && others > 0);
  const shared = isOwn
    ? 'differs from host to host; marked lines are not those of the first host of its kind'
    : others > 0
      ? `the same on ${kind.hosts - differing} hosts`
      : '';
  const restarts = services.length === 0 ? '' : `restarts ${services.join(', ')}`;
  const beside = path.endsWith('.txt') && access === '' ? 'text form of the certificate' : '';
  return [access, restarts, beside, shared].filter((text) => text !== '').join(' · ');
}

/** @param {HostData} host */
function isFirstOfKind(host) {
  return data.hosts.find((one) => one.kind === host.kind) === host;
}
