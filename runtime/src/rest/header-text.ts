/** What functions may put into the head of an answer: whatever HTTP cannot carry is caught here, not on the socket. */

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a field value must not have (RFC 9110, 5.5)
const FORBIDDEN = /[\0-\x08\x0a-\x1f\x7f]/
const ASCII = /^[\0-\x7f]*$/

/** Below 200 an answer is not the last one. */
export const isStatus = (status: number): boolean =>
  Number.isInteger(status) && status >= 200 && status <= 999

export const isHeaderName = (name: string): boolean => NAME.test(name)

/** The text as it is written on the wire: its UTF-8 bytes, one character each. Null when it cannot be a value. */
export function toHeaderText(text: string): string | null {
  if (FORBIDDEN.test(text)) return null
  return ASCII.test(text) ? text : Buffer.from(text).toString('latin1')
}

/** How an answer is framed and whether its connection is kept: not for a function to say, or the next answer is misread. */
const OF_THE_SERVER: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What is the server's to say is left out. @returns null when a name or a value cannot be written. */
export function toHeaders(pairs: readonly (readonly [string, string])[]): [string, string][] | null {
  const written: [string, string][] = []
  for (const [name, value] of pairs) {
    const text = toHeaderText(value)
    if (text === null || !isHeaderName(name)) return null
    if (!OF_THE_SERVER.has(name.toLowerCase())) written.push([name, text])
  }
  return written
}
