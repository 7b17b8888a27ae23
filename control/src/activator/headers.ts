/** Which headers go on with a request or an answer, and which end at each hop (RFC 9110, 7.6.1). Pure; names and values in one row. */
import { PROJECT_REF_HEADER } from '@cascata/shared/http'

const OF_ONE_HOP = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
])

/** Methods of which Node expects no body: of the others it would announce one in chunks that nobody sends. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])

/** Framed as it came: a length stays a length, chunks are chunks again. */
export function requestHeaders(method: string, raw: readonly string[]): string[] {
  const passed = endToEnd(raw).filter(([name]) => name.toLowerCase() !== PROJECT_REF_HEADER)
  const has = (wanted: string) => pairs(raw).some(([name]) => name.toLowerCase() === wanted)
  if (has('transfer-encoding')) passed.push(['Transfer-Encoding', 'chunked'])
  else if (!has('content-length') && !BODILESS.has(method)) passed.push(['Content-Length', '0'])
  return passed.flat()
}

export const answerHeaders = (raw: readonly string[]): string[] => endToEnd(raw).flat()

/** Of a change of protocol all goes on but what was for us. */
export const upgradeHeaders = (raw: readonly string[]): string[] =>
  pairs(raw)
    .filter(([name]) => name.toLowerCase() !== PROJECT_REF_HEADER)
    .flat()

function endToEnd(raw: readonly string[]): [string, string][] {
  const all = pairs(raw)
  const named = all
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((each) => each.trim().toLowerCase()))
  return all.filter(([name]) => !OF_ONE_HOP.has(name.toLowerCase()) && !named.includes(name.toLowerCase()))
}

function pairs(raw: readonly string[]): [string, string][] {
  const found: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) found.push([raw[at] ?? '', raw[at + 1] ?? ''])
  return found
}
