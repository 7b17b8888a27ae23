/** Cloudflare's API v4, with an API token that may read zones and edit DNS. */
import { DnsProviderFailed } from '@cascata/shared/problems/certificates'
import { z } from 'zod'
import { jsonApi } from './http.ts'
import { type DnsProvider, TTL_S, type TxtRecord, zonesAbove } from './provider.ts'

const NAME = 'cloudflare'
export const CLOUDFLARE_URL = 'https://api.cloudflare.com/client/v4'

const Listed = z.object({
  result: z.array(z.looseObject({ id: z.string(), content: z.string().optional() })),
})

export function cloudflare({ token, url = CLOUDFLARE_URL }: { token: string; url?: string | undefined }) {
  const api = jsonApi(NAME, url, token)
  const list = async (path: string, query: Record<string, string>) =>
    Listed.parse((await api.json('GET', `${path}?${new URLSearchParams(query)}`)).body).result

  async function zoneOf(name: string): Promise<string> {
    for (const zone of zonesAbove(name)) {
      const [found] = await list('/zones', { name: zone, status: 'active' })
      if (found) return found.id
    }
    throw DnsProviderFailed(NAME, `no zone of this token holds ${name}`)
  }

  /** Older records have their text quoted. */
  async function find(zone: string, { name, value }: TxtRecord) {
    const all = await list(`/zones/${zone}/dns_records`, { type: 'TXT', name, per_page: '100' })
    return all.filter(({ content }) => content === value || content === `"${value}"`)
  }

  return {
    async present(record) {
      const zone = await zoneOf(record.name)
      if ((await find(zone, record)).length > 0) return
      const body = { type: 'TXT', name: record.name, content: `"${record.value}"`, ttl: TTL_S }
      await api.json('POST', `/zones/${zone}/dns_records`, { body })
    },
    async cleanup(record) {
      const zone = await zoneOf(record.name)
      for (const { id } of await find(zone, record))
        await api.json('DELETE', `/zones/${zone}/dns_records/${id}`, { fine: [404] })
    },
  } satisfies Omit<DnsProvider, 'propagationMs'>
}
