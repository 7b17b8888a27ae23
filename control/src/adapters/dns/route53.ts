/**
 * Amazon Route 53, with a key that may list zones and record sets and change the latter. A record set is written whole
 * there: what else stands at the name is read and written with it.
 */
import { DnsProviderFailed } from '@cascata/shared/problems/certificates'
import { call, refusal } from './http.ts'
import { type DnsProvider, TTL_S, type TxtRecord, zonesAbove } from './provider.ts'
import { type AwsCredentials, signV4 } from './sigv4.ts'

const NAME = 'route53'
export const ROUTE53_URL = 'https://route53.amazonaws.com'
const API = '/2013-04-01'
const XMLNS = 'https://route53.amazonaws.com/doc/2013-04-01/'
/** One service for the whole world, signed for here. */
const REGION = 'us-east-1'

type Settings = AwsCredentials & { url?: string | undefined }
type Zone = { id: string; name: string }

export function route53({ url: base = ROUTE53_URL, ...credentials }: Settings, now: () => number) {
  async function ask(method: 'GET' | 'POST', path: string, body = ''): Promise<string> {
    const url = new URL(`${base}${API}${path}`)
    const headers = signV4(credentials, { method, url, body, region: REGION, service: 'route53', now: now() })
    const xml = { ...headers, 'content-type': 'application/xml' }
    const reply = await call(NAME, url.href, { method, headers: body ? xml : headers, ...(body && { body }) })
    if (reply.status !== 200) throw refusal(NAME, `${method} ${path}`, reply)
    return reply.text
  }

  async function zoneOf(name: string): Promise<Zone> {
    for (const zone of zonesAbove(name)) {
      const text = await ask('GET', `/hostedzonesbyname?dnsname=${zone}&maxitems=10`)
      const found = all(text, 'HostedZone').find(
        (each) => one(each, 'Name') === `${zone}.` && one(each, 'PrivateZone') !== 'true',
      )
      const id = found && /^\/hostedzone\/([A-Z0-9]+)$/.exec(one(found, 'Id') ?? '')?.[1]
      if (id) return { id, name: zone }
    }
    throw DnsProviderFailed(NAME, `no hosted zone of this key holds ${name}`)
  }

  /** Values with their quotes, as they stand there. */
  async function valuesAt(zone: Zone, name: string): Promise<string[]> {
    const text = await ask('GET', `/hostedzone/${zone.id}/rrset?name=${name}&type=TXT&maxitems=1`)
    const set = all(text, 'ResourceRecordSet').find(
      (each) => one(each, 'Name') === `${name}.` && one(each, 'Type') === 'TXT',
    )
    return set ? all(set, 'Value').map(unescaped) : []
  }

  async function write(zone: Zone, change: { action: 'UPSERT' | 'DELETE'; name: string; values: string[] }) {
    const records = change.values
      .map((value) => `<ResourceRecord><Value>${inXml(value)}</Value></ResourceRecord>`)
      .join('')
    const set = `<Name>${change.name}.</Name><Type>TXT</Type><TTL>${TTL_S}</TTL><ResourceRecords>${records}</ResourceRecords>`
    const inner = `<Action>${change.action}</Action><ResourceRecordSet>${set}</ResourceRecordSet>`
    const batch = `<ChangeBatch><Changes><Change>${inner}</Change></Changes></ChangeBatch>`
    const body = `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="${XMLNS}">${batch}</ChangeResourceRecordSetsRequest>`
    await ask('POST', `/hostedzone/${zone.id}/rrset`, body)
  }

  const quoted = ({ value }: TxtRecord) => `"${value}"`
  return {
    async present(record) {
      const zone = await zoneOf(record.name)
      const values = await valuesAt(zone, record.name)
      if (values.includes(quoted(record))) return
      await write(zone, { action: 'UPSERT', name: record.name, values: [...values, quoted(record)] })
    },
    async cleanup(record) {
      const zone = await zoneOf(record.name)
      const values = await valuesAt(zone, record.name)
      if (!values.includes(quoted(record))) return
      const rest = values.filter((value) => value !== quoted(record))
      const [action, left] = rest.length > 0 ? (['UPSERT', rest] as const) : (['DELETE', values] as const)
      await write(zone, { action, name: record.name, values: left })
    },
  } satisfies Omit<DnsProvider, 'propagationMs'>
}

/** As much of XML as its answers have: elements without attributes, none within one of its own name. */
const all = (xml: string, tag: string): string[] =>
  [...xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, inner = '']) => inner)
const one = (xml: string, tag: string): string | undefined => all(xml, tag)[0]

const ENTITIES: Record<string, string> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' }
const unescaped = (text: string) =>
  text.replaceAll(/&(?:#(\d+)|(quot|apos|lt|gt|amp));/g, (_, code?: string, name?: string) =>
    code ? String.fromCodePoint(Number(code)) : (ENTITIES[name ?? ''] ?? ''),
  )
const inXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
