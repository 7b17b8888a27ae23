/** Zones in Hetzner's Cloud API, with a project's token that may write. (Its older DNS API has been switched off.) */
import { DnsProviderFailed } from '@cascata/shared/problems/certificates'
import { z } from 'zod'
import { jsonApi } from './http.ts'
import { type DnsProvider, TTL_S, type TxtRecord, within, zonesAbove } from './provider.ts'

const NAME = 'hetzner'
export const HETZNER_URL = 'https://api.hetzner.cloud'

const RrSet = z.object({ rrset: z.object({ records: z.array(z.object({ value: z.string() })) }) })

export function hetzner({ token, url = HETZNER_URL }: { token: string; url?: string | undefined }) {
  const api = jsonApi(NAME, url, token)

  async function zoneOf(name: string): Promise<string> {
    for (const zone of zonesAbove(name)) {
      const { status } = await api.json('GET', `/v1/zones/${zone}`, { fine: [404] })
      if (status === 200) return zone
    }
    throw DnsProviderFailed(NAME, `no zone of this token holds ${name}`)
  }

  const place = async ({ name }: TxtRecord) => {
    const zone = await zoneOf(name)
    return `/v1/zones/${zone}/rrsets/${encodeURIComponent(within(name, zone))}/TXT`
  }
  /** A TXT value is quoted here. */
  const records = ({ value }: TxtRecord) => [{ value: `"${value}"` }]

  async function stands(path: string, { value }: TxtRecord): Promise<boolean> {
    const { status, body } = await api.json('GET', path, { fine: [404] })
    return status === 200 && RrSet.parse(body).rrset.records.some((each) => each.value === `"${value}"`)
  }

  return {
    async present(record) {
      const path = await place(record)
      if (await stands(path, record)) return
      const body = { records: records(record), ttl: TTL_S }
      await api.json('POST', `${path}/actions/add_records`, { body })
    },
    async cleanup(record) {
      const path = await place(record)
      if (!(await stands(path, record))) return
      await api.json('POST', `${path}/actions/remove_records`, {
        body: { records: records(record) },
        fine: [404],
      })
    },
  } satisfies Omit<DnsProvider, 'propagationMs'>
}
