/** The certificates' reconciler over the real world. */
import { readFile } from 'node:fs/promises'
import { DnsProviderSettings } from '@cascata/shared/contract/dns-provider'
import { factsOf } from '../acme/chain.ts'
import { acmeClient, newCsr, newKey } from '../adapters/acme.ts'
import { openDnsProvider } from '../adapters/dns/open.ts'
import { nodeFiles } from '../adapters/files.ts'
import { zoneServers } from '../adapters/zone-servers.ts'
import { DNS_PROVIDER } from '../app/dns-provider.ts'
import { authorityOf } from '../reconcile/certificates/account.ts'
import { certificatesTask } from '../reconcile/certificates/task.ts'
import type { Authority } from '../reconcile/certificates/world.ts'
import type { Task } from '../reconcile/task.ts'
import type { Store } from '../store/open.ts'
import type { Parts } from './parts.ts'

type Given = {
  probe: { digest(): Promise<string | null> }
  /** There are other files for the edge. */
  changed(): void
}

export function instanceCertificates(parts: Parts, store: Store, { probe, changed }: Given): Task {
  const { config, paths, seal, pairs, effects, clock, log } = parts
  return certificatesTask({
    ...{ store, paths, seal, pairs, effects, clock, changed, log },
    zoneServers: zoneServers(config.dnsServers),
    files: nodeFiles,
    maker: { newKey, newCsr, read: factsOf },
    authority: authority(parts, store),
    async dnsProvider() {
      const sealed = await store.instance.get(DNS_PROVIDER)
      if (sealed === undefined) return null
      const settings = DnsProviderSettings.parse(JSON.parse(seal.open(DNS_PROVIDER, sealed)))
      return openDnsProvider(settings, clock.now)
    },
    random: Math.random,
    domain: config.domain,
    serving: () => probe.digest(),
  })
}

function authority({ config, seal }: Parts, store: Store): Authority | null {
  const { acme, version } = config
  if (acme === null) return null
  const { directory, email, caFile } = acme
  return authorityOf({
    ...{ directory, store, seal, newKey },
    async connect(account) {
      const ca = caFile === null ? null : await readFile(caFile, 'utf8')
      return acmeClient({ directory, email, ca, version }, account)
    },
  })
}
