/** The provider that an instance has been given. */
import type { DnsProviderSettings } from '@cascata/shared/contract/dns-provider'
import { cloudflare } from './cloudflare.ts'
import { digitalocean } from './digitalocean.ts'
import { hetzner } from './hetzner.ts'
import type { DnsProvider } from './provider.ts'
import { rfc2136 } from './rfc2136.ts'
import { route53 } from './route53.ts'
import { webhook } from './webhook.ts'

export function openDnsProvider(settings: DnsProviderSettings, now: () => number): DnsProvider {
  return { ...changesOf(settings, now), propagationMs: settings.propagation_seconds * 1_000 }
}

function changesOf(settings: DnsProviderSettings, now: () => number): Omit<DnsProvider, 'propagationMs'> {
  switch (settings.kind) {
    case 'rfc2136': {
      const { host, port, zone, key_name: name, algorithm, secret } = settings
      return rfc2136({ host, port, zone, key: { name, algorithm, secret } }, now)
    }
    case 'cloudflare':
      return cloudflare(settings)
    case 'digitalocean':
      return digitalocean(settings)
    case 'hetzner':
      return hetzner(settings)
    case 'route53': {
      const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, url } = settings
      return route53({ accessKeyId, secretAccessKey, url }, now)
    }
    case 'webhook':
      return webhook(settings, now)
  }
}
