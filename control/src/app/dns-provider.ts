/** The instance's DNS provider: what it is set to, its secrets sealed and never shown again. */
import { DnsProviderSettings, type DnsProviderView } from '@cascata/shared/contract/dns-provider'
import { DnsProviderMissing } from '@cascata/shared/problems/certificates'
import type { Caller } from './caller.ts'
import { audit } from './change.ts'
import type { AppDeps } from './ports.ts'

export const DNS_PROVIDER = 'dns-provider'

const SECRETS = new Set(['token', 'secret', 'secret_access_key'])

function view(settings: DnsProviderSettings): DnsProviderView {
  const { kind, propagation_seconds, ...rest } = settings
  const shown = Object.entries(rest).filter(([name]) => !SECRETS.has(name))
  return { kind, propagation_seconds, settings: Object.fromEntries(shown) }
}

export function dnsProviderCases({ store, seal, kickCertificates }: AppDeps) {
  return {
    async get(): Promise<DnsProviderView> {
      const sealed = await store.instance.get(DNS_PROVIDER)
      if (sealed === undefined) throw DnsProviderMissing()
      return view(DnsProviderSettings.parse(JSON.parse(seal.open(DNS_PROVIDER, sealed))))
    },

    async set(caller: Caller, settings: DnsProviderSettings): Promise<DnsProviderView> {
      await store.transaction(async (tx) => {
        await tx.instance.set(DNS_PROVIDER, seal.seal(DNS_PROVIDER, JSON.stringify(settings)))
        const detail = { kind: settings.kind }
        await audit(tx, caller, { action: 'dns-provider.set', target: settings.kind, detail })
      })
      kickCertificates()
      return view(settings)
    },

    async remove(caller: Caller): Promise<void> {
      if ((await store.instance.get(DNS_PROVIDER)) === undefined) throw DnsProviderMissing()
      await store.transaction(async (tx) => {
        await tx.instance.remove(DNS_PROVIDER)
        await audit(tx, caller, { action: 'dns-provider.remove', target: DNS_PROVIDER, detail: {} })
      })
      kickCertificates()
    },
  }
}
