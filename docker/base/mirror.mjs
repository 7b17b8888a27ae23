/**
 * Reads from the machine's own apt configuration where Debian packages come from: a site without the internet has
 * its mirror written there. Pure: it is given texts and sees no file and no network.
 */

/** Entries `{uri, suite, components}` of deb822 text (`*.sources`); disabled stanzas and source packages are left out. */
export function parseSources(text) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = fieldsOf(stanza)
    if (/^(no|false|0)$/i.test(fields.enabled ?? '')) return []
    if (!words(fields.types ?? 'deb').includes('deb')) return []
    const components = words(fields.components)
    return words(fields.uris).flatMap((uri) =>
      words(fields.suites).map((suite) => ({ uri: withoutSlash(uri), suite, components })),
    )
  })
}

/** The same of one-line entries (`*.list`). */
export function parseList(text) {
  return text.split('\n').flatMap((line) => {
    const entry = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line)
    if (!entry) return []
    const [, uri, suite, components] = entry
    return [{ uri: withoutSlash(uri), suite, components: words(components) }]
  })
}

/**
 * Where to look for the archive and for its security updates, best guess first. Third-party repositories are no
 * Debian: only entries with a `main` of a plain suite count, and which of them really holds the release is for
 * the caller to try.
 */
export function mirrorsOf(entries) {
  const main = entries.filter(({ components }) => components.includes('main'))
  const isSecurity = ({ uri, suite }) => /security/.test(`${uri} ${suite}`)
  const archive = main.filter((entry) => !isSecurity(entry)).map(({ uri }) => uri)
  const security = main.filter(isSecurity).map(({ uri }) => uri)
  const besides = archive.filter((uri) => /\/debian$/.test(uri)).map((uri) => `${uri}-security`)
  return {
    archive: [...new Set(archive)],
    security: [...new Set([...security, ...besides])],
  }
}

/** deb822 text for the image. `suites` is `[{uri, suites}]`. */
export const renderSources = (suites) =>
  suites
    .map(({ uri, suites: names }) =>
      [
        'Types: deb',
        `URIs: ${uri}`,
        `Suites: ${names.join(' ')}`,
        'Components: main',
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
        '',
      ].join('\n'),
    )
    .join('\n')

function fieldsOf(stanza) {
  const fields = {}
  let last = ''
  for (const line of stanza.split('\n')) {
    if (/^\s*#/.test(line)) continue
    const field = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line)
    if (field) {
      last = field[1].toLowerCase()
      fields[last] = field[2]
    } else if (/^\s/.test(line) && last !== '') fields[last] += ` ${line.trim()}`
  }
  return fields
}

const words = (text) => (text ?? '').split(/\s+/).filter((word) => word !== '')
const withoutSlash = (uri) => uri.replace(/\/+$/, '')
