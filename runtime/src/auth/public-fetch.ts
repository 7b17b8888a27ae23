/**
 * Asks only who is at a public address. Whoever holds a project's service key may name hosts, and is no operator: what
 * is inside the operator's network, or on the machine itself, is not theirs to reach.
 *
 * Judged is what a name resolves to, by the lookup of the very connection: one that answers otherwise the next time gains
 * nothing.
 */
import { lookup } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { OutboundError } from './outbound-error.ts'

/** IANA's special-purpose registries: whatever is not globally reachable, or stands for an IPv4 address inside. */
const INSIDE = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/96', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32'],
  ...['2002::/16', '3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/')
    list.addSubnet(address, Number(bits), familyOf(address))
  }
  return list
}

const inside = {
  ipv4: blockListOf(INSIDE.filter((one) => !one.includes(':'))),
  ipv6: blockListOf(INSIDE.filter((one) => one.includes(':'))),
}

/** @param address of IPv4 or IPv6, without brackets. */
export function isPublic(address: string): boolean {
  const [bare = ''] = address.split('%')
  return isIP(bare) !== 0 && !inside[familyOf(bare)].check(bare, familyOf(bare))
}

type Judge = (address: string) => boolean

const NotPublic = (host: string) => new OutboundError(`${host} is not at a public address`)

const lookupBy =
  (judge: Judge): LookupFunction =>
  (host, options, callback) =>
    lookup(host, { ...options, all: true }, (error, found) => {
      const [first] = found ?? []
      if (error || !first) return callback(error ?? NotPublic(host), '', 4)
      // One of them inside is enough: which one is taken is not ours to say.
      if (!found.every(({ address }) => judge(address))) return callback(NotPublic(host), '', 4)
      return options.all ? callback(null, found) : callback(null, first.address, first.family)
    })

/** As `fetch`, over TLS alone, and follows no redirect. @throws OutboundError, TypeError as `fetch` does */
export const publicFetch =
  (judge: Judge = isPublic) =>
  async (given: string | URL, options: RequestInit = {}): Promise<Response> => {
    const asked = new Request(given, { ...options, redirect: 'manual' })
    const url = new URL(asked.url)
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    if (url.protocol !== 'https:') throw new OutboundError(`${url.origin} is not https`)
    // No name, so there is no lookup.
    if (isIP(host) !== 0 && !judge(host)) throw NotPublic(host)
    return answered(asked, { url, lookup: lookupBy(judge) })
  }

async function answered(
  asked: Request,
  { url, lookup }: { url: URL; lookup: LookupFunction },
): Promise<Response> {
  const body = Buffer.from(await asked.arrayBuffer())
  const headers = {
    ...{ 'user-agent': 'cascata', ...Object.fromEntries(asked.headers) },
    ...(body.length > 0 && { 'content-length': String(body.length) }),
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { method, signal } = asked
  // A connection of its own: one that is kept open would be used for names that were not judged.
  const sent = request(url, { method, headers, lookup, signal, agent: false }, resolve)
  sent.on('error', reject)
  sent.end(body)
  const answer = await promise.catch((cause: unknown) => {
    signal.throwIfAborted()
    throw cause instanceof OutboundError ? cause : new TypeError('fetch failed', { cause })
  })
  return responseOf(answer)
}

function responseOf(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 502
  const headers = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  )
  const isBare = status === 204 || status === 205 || status === 304
  if (isBare) answer.resume()
  return new Response(isBare ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), {
    status,
    headers,
  })
}
