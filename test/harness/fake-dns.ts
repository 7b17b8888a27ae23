/** DNS providers' HTTP APIs in miniature: one zone, `shop.example`, with what the real ones ask of a request. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { signV4 } from '@cascata/control/adapters/dns/sigv4'

export const ZONE = 'shop.example'

export type FakeDns = {
  url: string
  /** TXT values at a name, sorted. */
  values(name: string): Promise<string[]>
  put(name: string, value: string): void
  stop(): Promise<void>
}

type Asked = { method: string; url: URL; headers: IncomingMessage['headers']; body: string; raw: string }
type Answer = { status: number; body?: unknown; xml?: string }
type Rows = Map<string, Set<string>>
type Api = (asked: Asked, rows: Rows) => Answer

export async function startFake(api: Api): Promise<FakeDns> {
  const rows: Rows = new Map()
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', base)
      const body = Buffer.concat(pieces).toString()
      const { method = '', headers } = request
      const answer = api({ method, url, headers, body, raw: request.url ?? '' }, rows)
      response.writeHead(answer.status, { 'content-type': answer.xml ? 'text/xml' : 'application/json' })
      response.end(answer.xml ?? (answer.body === undefined ? '' : JSON.stringify(answer.body)))
    })
  })
  const base = await listening(server)
  return {
    url: base,
    values: async (name) => [...(rows.get(name) ?? [])].toSorted(),
    put: (name, value) => void setOf(rows, name).add(value),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function setOf(rows: Rows, name: string): Set<string> {
  const known = rows.get(name)
  if (known) return known
  const fresh = new Set<string>()
  rows.set(name, fresh)
  return fresh
}

const bare = (text: string) => text.replace(/^"(.*)"$/, '$1')
const ids = (rows: Rows) =>
  [...rows].flatMap(([name, values]) => [...values].map((value) => ({ name, value, id: idOf(name, value) })))
/** Stable, and a whole number: what any of the APIs takes for an id. */
const idOf = (name: string, value: string) =>
  createHmac('sha256', name).update(value).digest().readUInt32BE(0)
const bearer = ({ headers }: Asked) => headers.authorization === 'Bearer right'
const refused: Answer = { status: 401, body: { message: 'unauthorized' } }
const missing: Answer = { status: 404, body: { message: 'not found' } }
const parsed = (asked: Asked) => JSON.parse(asked.body) as Record<string, string>

export const cloudflareApi: Api = (asked, rows) => {
  if (!bearer(asked)) return { status: 403, body: { success: false, errors: [{ message: 'Invalid token' }] } }
  const { method, url } = asked
  const answer = (result: unknown): Answer => ({ status: 200, body: { success: true, result } })
  if (url.pathname === '/zones') {
    return answer(url.searchParams.get('name') === ZONE ? [{ id: 'z1', name: ZONE }] : [])
  }
  const id = /^\/zones\/z1\/dns_records(?:\/(\d+))?$/.exec(url.pathname)
  if (!id) return missing
  if (method === 'GET') {
    const found = ids(rows).filter(({ name }) => name === url.searchParams.get('name'))
    return answer(found.map(({ name, value, id: own }) => ({ id: String(own), name, content: `"${value}"` })))
  }
  if (method === 'POST') {
    const { name = '', content = '' } = parsed(asked)
    setOf(rows, name).add(bare(content))
    return answer({ id: 'new' })
  }
  const gone = ids(rows).find((each) => String(each.id) === id[1])
  if (!gone) return missing
  setOf(rows, gone.name).delete(gone.value)
  return answer({ id: id[1] })
}

export const digitaloceanApi: Api = (asked, rows) => {
  if (!bearer(asked)) return refused
  const { method, url } = asked
  const at = /^\/v2\/domains\/([^/]+)(?:\/records(?:\/(\d+))?)?$/.exec(url.pathname)
  if (at?.[1] !== ZONE) return missing
  if (!url.pathname.includes('/records')) return { status: 200, body: { domain: { name: ZONE } } }
  if (method === 'GET') {
    const found = ids(rows).filter(({ name }) => name === url.searchParams.get('name'))
    const domain_records = found.map(({ id, value }) => ({ id, type: 'TXT', data: value }))
    return { status: 200, body: { domain_records } }
  }
  if (method === 'POST') {
    const { name = '', data = '' } = parsed(asked)
    setOf(rows, name === '@' ? ZONE : `${name}.${ZONE}`).add(data)
    return { status: 201, body: {} }
  }
  const gone = ids(rows).find((each) => String(each.id) === at[2])
  if (!gone) return missing
  setOf(rows, gone.name).delete(gone.value)
  return { status: 204 }
}

export const hetznerApi: Api = (asked, rows) => {
  if (!bearer(asked)) return refused
  const { method, url, body } = asked
  const at = /^\/v1\/zones\/([^/]+)(?:\/rrsets\/([^/]+)\/TXT(?:\/actions\/(add|remove)_records)?)?$/.exec(
    url.pathname,
  )
  if (at?.[1] !== ZONE) return missing
  if (at[2] === undefined) return { status: 200, body: { zone: { id: 1, name: ZONE } } }
  const name = `${decodeURIComponent(at[2])}.${ZONE}`
  const set = setOf(rows, name)
  if (method === 'GET') {
    if (set.size === 0) return missing
    return { status: 200, body: { rrset: { records: [...set].map((value) => ({ value: `"${value}"` })) } } }
  }
  const { records } = JSON.parse(body) as { records: { value: string }[] }
  for (const { value } of records) {
    if (!/^".*"$/.test(value)) return { status: 422, body: { error: { message: 'TXT must be quoted' } } }
    if (at[3] === 'add') set.add(bare(value))
    else set.delete(bare(value))
  }
  return { status: 201, body: { action: { status: 'running' } } }
}

const AWS = { accessKeyId: 'AKIDRIGHT', secretAccessKey: 'right' }
const list = (xml: string, tag: string) =>
  [...xml.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map(([, text = '']) =>
    text.replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
  )

/** Only the record set that is written whole, as it is there, replaces what stands at a name. */
export const route53Api: Api = (asked, rows) => {
  const { method, url, headers, body } = asked
  const signedAt = String(headers['x-amz-date'])
  const now = Date.parse(signedAt.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  const right = signV4(AWS, { method, url, body, region: 'us-east-1', service: 'route53', now })
  if (headers.authorization !== right.authorization)
    return {
      status: 403,
      xml: '<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>',
    }
  if (url.pathname === '/2013-04-01/hostedzonesbyname') {
    const zones = [`<HostedZone><Id>/hostedzone/Z1</Id><Name>${ZONE}.</Name></HostedZone>`]
    return { status: 200, xml: `<R><HostedZones>${zones.join('')}</HostedZones></R>` }
  }
  if (url.pathname !== '/2013-04-01/hostedzone/Z1/rrset') return { status: 404, xml: '<ErrorResponse/>' }
  if (method === 'GET') {
    const name = url.searchParams.get('name') ?? ''
    const values = [...setOf(rows, name)]
      .map((value) => `<ResourceRecord><Value>&quot;${value}&quot;</Value></ResourceRecord>`)
      .join('')
    const set = `<ResourceRecordSet><Name>${name}.</Name><Type>TXT</Type><ResourceRecords>${values}</ResourceRecords></ResourceRecordSet>`
    return { status: 200, xml: `<R><ResourceRecordSets>${values ? set : ''}</ResourceRecordSets></R>` }
  }
  const [name = ''] = list(body, 'Name').map((each) => each.replace(/\.$/, ''))
  const values = list(body, 'Value').map(bare)
  const [action] = list(body, 'Action')
  if (action === 'DELETE' && values.toSorted().join() !== [...setOf(rows, name)].toSorted().join())
    return {
      status: 400,
      xml: '<ErrorResponse><Error><Code>InvalidChangeBatch</Code></Error></ErrorResponse>',
    }
  rows.set(name, new Set(action === 'DELETE' ? [] : values))
  return { status: 200, xml: '<ChangeResourceRecordSetsResponse/>' }
}

export const WEBHOOK_SECRET = 'a secret of sixteen or more'

export const webhookApi: Api = (asked, rows) => {
  const { headers, body, method } = asked
  const signed = `${headers['x-cascata-timestamp']}.${body}`
  const right = `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(signed).digest('hex')}`
  if (method !== 'POST' || headers['x-cascata-signature'] !== right) return refused
  const { action, name = '', value = '' } = parsed(asked)
  if (action === 'present') setOf(rows, name).add(value)
  else setOf(rows, name).delete(value)
  return { status: 204 }
}
