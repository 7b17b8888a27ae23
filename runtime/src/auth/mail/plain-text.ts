/** Reads a mail's HTML as plain text: the alternative for programs and people that want none. Pure. */

const LINE_LENGTH_LINK_MAX = 2_000
const BLOCKS =
  'address|article|blockquote|div|dl|dt|dd|footer|form|h[1-6]|header|hr|li|main|ol|p|pre|section|table|tr|ul'

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  ndash: '–',
  mdash: '—',
  hellip: '…',
}

export function plainTextOf(html: string): string {
  const shown = html
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll(/<(head|style|script|title)\b[^>]*>[\s\S]*?<\/\1\s*>/gi, '')
    .replaceAll(/\s+/g, ' ')
  const lines = withLinks(shown)
    .replaceAll(/<br\b[^>]*>/gi, '\n')
    .replaceAll(new RegExp(`<(?:${BLOCKS})\\b[^>]*>|</(?:${BLOCKS})\\s*>`, 'gi'), '\n\n')
    .replaceAll(/<\/?[a-z][^>]*>|<![^>]*>/gi, '')
  const text = lines
    .split('\n')
    .map((line) =>
      decode(line)
        .replaceAll(/[ \t]+/g, ' ')
        .trim(),
    )
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
  return `${text}\n`
}

/** A link is its words and where it goes, or only the latter when both are the same. */
const withLinks = (html: string): string =>
  html.replaceAll(
    /<a\b[^>]*?\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))[^>]*>(.*?)<\/a\s*>/gi,
    (_all, double?: string, single?: string, bare?: string, words = '') => {
      const url = (double ?? single ?? bare ?? '').slice(0, LINE_LENGTH_LINK_MAX)
      const label = String(words)
        .replaceAll(/<[^>]*>/g, '')
        .trim()
      return label === '' || label === url ? url : `${label}: ${url}`
    },
  )

const decode = (text: string): string =>
  text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (all, decimal, hex, name) => {
    if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? all
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all
  })
