/** DigitalOcean's API v2, with a token that may write domains. */
import { DnsProviderFailed } from '@cascata/shared/problems/certificates'
import { z } from 'zod'
import { jsonApi } from './http.ts'
import { type DnsProvider, TTL_S, type TxtRecord, within, zonesAbove } from './provider.ts'

const NAME = 'digitalocean'
export const DIGITALOCEAN_URL = 'https://api.digitalocean.com'

const Listed = z.object({ domain_records: z.array(z.looseObject({ id: z.number(), data: z.string() })) })

export function digitalocean({ token, url = DIGITALOCEAN_URL }: { token: string; url?: string | undefined }) {
  const api = jsonApi(NAME, url, token)

  async function zoneOf(name: string): Promise<string> {
    for (const zone of zonesAbove(name)) {
      const { status } = await api.json('GET', `/v2/domains/${zone}`, { fine: [404] })
      if (status === 200) return zone
    }
    throw DnsProviderFailed(NAME, `no domain of this token holds ${name}`)
  }

  async function find(zone: string, { name, value }: TxtRecord) {
    const query = new URLSearchParams({ type: 'TXT', name, per_page: '200' })
    const { body } = await api.json('GET', `/v2/domains/${zone}/records?${query}`)
    return Listed.parse(body).domain_records.filter(({ data }) => data === value)
  }

  return {
    async present(record) {
      const zone = await zoneOf(record.name)
      if ((await find(zone, record)).length > 0) return
      const body = { type: 'TXT', name: within(record.name, zone), data: record.value, ttl: TTL_S }
      await api.json('POST', `/v2/domains/${zone}/records`, { body })
    },
    async cleanup(record) {
      const zone = await zoneOf(record.name)
      for (const { id } of await find(zone, record))
        await api.json('DELETE', `/v2/domains/${zone}/records/${id}`, { fine: [404] })
    },
  } satisfies Omit<DnsProvider, 'propagationMs'>
}
