/**
 * Reads the message that a wallet signed: EIP-4361 for Ethereum, its sister for Solana. Pure.
 *
 * Nothing is trimmed and nothing skipped: what a person saw in the wallet is what is read here. The order of the fields is
 * free, for auth-js writes them in another one than the standard; each may be there once, and no other.
 */

export type Chain = 'ethereum' | 'solana'

export type Web3Message = {
  /** Host and port, as the wallet showed them. */
  domain: string
  /** In its one spelling: Ethereum's in small letters. */
  address: string
  statement: string | undefined
  uri: URL
  chainId: string | undefined
  nonce: string | undefined
  issuedAt: Date
  expiresAt: Date | undefined
  notBefore: Date | undefined
}

/** What is wrong with the message, in words that may be shown. */
export class MessageUnreadable extends Error {
  override readonly name = 'MessageUnreadable'
}

const HEADER =
  /^(?:(https?):\/\/)?([A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9a-f:.]+\](?::\d{1,5})?) wants you to sign in with your (Ethereum|Solana) account:$/
const NAMES: Readonly<Record<Chain, string>> = { ethereum: 'Ethereum', solana: 'Solana' }
const ADDRESSES: Readonly<Record<Chain, RegExp>> = {
  ethereum: /^0x[0-9a-fA-F]{40}$/,
  solana: /^[1-9A-HJ-NP-Za-km-z]{32,44}$/,
}
const CHAIN_IDS: Readonly<Record<Chain, RegExp>> = {
  ethereum: /^[1-9]\d{0,19}$/,
  solana: /^(?:solana:)?[A-Za-z0-9-]{1,64}$/,
}
const FIELDS = new Set([
  ...['URI', 'Version', 'Chain ID', 'Nonce', 'Issued At', 'Expiration Time', 'Not Before', 'Request ID'],
])
/** RFC 3339. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
const RESOURCES_MAX = 100
const NONCE_LENGTH_MAX = 256

/** @throws MessageUnreadable */
export function parseMessage(text: string, chain: Chain): Web3Message {
  if (/[^\P{Cc}\n]/u.test(text) || !text.isWellFormed())
    throw new MessageUnreadable('it has control characters')
  const [header = '', address = '', blank, ...rest] = text.split('\n')
  const [, scheme, domain, name] = HEADER.exec(header) ?? []
  if (domain === undefined || name !== NAMES[chain])
    throw new MessageUnreadable(`its first line is not that of a sign-in with ${NAMES[chain]}`)
  if (!ADDRESSES[chain].test(address)) throw new MessageUnreadable('its second line is no address')
  if (blank !== '') throw new MessageUnreadable('its third line is not empty')
  const { statement, lines } = splitStatement(rest)
  const fields = readFields(lines)
  const uri = URL.parse(fields.get('URI') ?? '')
  if (uri === null) throw new MessageUnreadable('its URI is none')
  if (scheme !== undefined && `${scheme}:` !== uri.protocol)
    throw new MessageUnreadable('its URI has another scheme than its first line')
  if (fields.get('Version') !== '1') throw new MessageUnreadable('its Version is not 1')
  const message = {
    ...{ domain, statement, uri, nonce: fields.get('Nonce'), chainId: fields.get('Chain ID') },
    address: chain === 'ethereum' ? address.toLowerCase() : address,
    ...timesOf(fields),
  }
  assertChain(message, chain)
  return message
}

/** A line with an empty one after it; or that empty one alone. */
function splitStatement(rest: readonly string[]): {
  statement: string | undefined
  lines: readonly string[]
} {
  if (rest[0] === '') return { statement: undefined, lines: rest.slice(1) }
  if (rest[1] === '') return { statement: rest[0], lines: rest.slice(2) }
  return { statement: undefined, lines: rest }
}

function readFields(lines: readonly string[]): Map<string, string> {
  // auth-js leaves the colon out where the wallet does not write the message itself.
  const end = lines.findIndex((line) => line === 'Resources:' || line === 'Resources')
  const fields = new Map<string, string>()
  for (const line of end < 0 ? lines : lines.slice(0, end)) {
    const [, name = '', value = ''] = /^([A-Z][A-Za-z ]*): (\S(?:.*\S)?)$/.exec(line) ?? []
    if (!FIELDS.has(name)) throw new MessageUnreadable('one of its lines is no field of such a message')
    if (fields.has(name)) throw new MessageUnreadable(`it has ${name} twice`)
    fields.set(name, value)
  }
  const resources = end < 0 ? [] : lines.slice(end + 1)
  const areResources = resources.every((line) => line.startsWith('- ') && URL.canParse(line.slice(2)))
  if (!areResources || resources.length > RESOURCES_MAX)
    throw new MessageUnreadable('its resources are no URIs')
  return fields
}

function timesOf(fields: ReadonlyMap<string, string>) {
  const timeOf = (name: string): Date | undefined => {
    const text = fields.get(name)
    if (text === undefined) return undefined
    const time = new Date(text)
    if (!TIME.test(text) || Number.isNaN(time.getTime()))
      throw new MessageUnreadable(`its ${name} is no time of RFC 3339`)
    return time
  }
  const [issuedAt, expiresAt, notBefore] = ['Issued At', 'Expiration Time', 'Not Before'].map(timeOf)
  if (issuedAt === undefined) throw new MessageUnreadable('it has no Issued At')
  if (expiresAt && (issuedAt > expiresAt || (notBefore && notBefore > expiresAt)))
    throw new MessageUnreadable('it expires before it counts')
  return { issuedAt, expiresAt, notBefore }
}

function assertChain({ chainId, nonce }: Pick<Web3Message, 'chainId' | 'nonce'>, chain: Chain): void {
  const isKnown = chainId === undefined ? chain === 'solana' : CHAIN_IDS[chain].test(chainId)
  if (!isKnown) throw new MessageUnreadable('its Chain ID is none')
  if (nonce !== undefined && nonce.length > NONCE_LENGTH_MAX)
    throw new MessageUnreadable('its Nonce is too long')
}
