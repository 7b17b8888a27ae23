/** The instance's DNS provider over HTTP. */
import { DnsProviderSettings, DnsProviderView } from '@cascata/shared/contract/dns-provider'
import { DnsProviderMissing } from '@cascata/shared/problems/certificates'
import type { App } from '../../app/app.ts'
import { endpoint, json } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Certificates'

export function dnsProviderRoutes({ dnsProvider }: App) {
  const get = endpoint('GET /v1/dns-provider', {
    tag,
    summary: 'Show the DNS provider',
    description: 'Without its secrets.',
    request: {},
    answer: { status: 200, description: 'The provider.', schema: DnsProviderView },
    problems: [DnsProviderMissing],
  })
  const set = endpoint('PUT /v1/dns-provider', {
    tag,
    summary: 'Set the DNS provider',
    description: 'With one, a single wildcard certificate serves the instance and all its projects.',
    request: { body: json(DnsProviderSettings) },
    answer: { status: 200, description: 'Set; its secrets are sealed.', schema: DnsProviderView },
  })
  const remove = endpoint('DELETE /v1/dns-provider', {
    tag,
    summary: 'Remove the DNS provider',
    request: {},
    answer: { status: 204, description: 'Gone.' },
    problems: [DnsProviderMissing],
  })
  return router()
    .openapi(get, async (c) => c.json(await dnsProvider.get()))
    .openapi(set, async (c) => c.json(await dnsProvider.set(c.var.caller, c.req.valid('json')), 200))
    .openapi(remove, async (c) => {
      await dnsProvider.remove(c.var.caller)
      return c.body(null, 204)
    })
}
