/** What the certificates' steps are carried out with. */
import type { Clock } from '@cascata/shared/clock'
import type { ChainFacts } from '../../acme/chain.ts'
import type { AcmeClient } from '../../acme/port.ts'
import type { DnsProvider } from '../../adapters/dns/provider.ts'
import type { Files } from '../../adapters/files.ts'
import type { Seal } from '../../adapters/seal.ts'
import type { ZoneServers } from '../../adapters/zone-servers.ts'
import type { Paths } from '../../paths.ts'
import type { Effects } from '../effects.ts'
import type { Log } from '../task.ts'
import type { CertificatePairs } from './pairs.ts'
import type { CertificateStore } from './store-port.ts'

/** Keys, requests and chains: made and read by libraries. */
export type CertificateMaker = {
  newKey(): Promise<string>
  newCsr(names: readonly string[], key: string): Promise<string>
  read(chain: string): ChainFacts
}

export type Authority = {
  /** Its directory's URL. */
  directory: string
  /** With the account's key, which is made at the first call. */
  client(): Promise<AcmeClient>
}

export type CertificatesWorld = {
  store: CertificateStore
  files: Files
  pairs: CertificatePairs
  paths: Pick<Paths, 'edge' | 'edgeCertificates' | 'edgeChallenges'>
  seal: Seal
  effects: Effects
  maker: CertificateMaker
  /** Null: certificates are not asked for. */
  authority: Authority | null
  /** As it is set now; null when there is none. */
  dnsProvider(): Promise<DnsProvider | null>
  zoneServers: ZoneServers
  log: Pick<Log, 'warn'>
  clock: Clock
  random(): number
}
