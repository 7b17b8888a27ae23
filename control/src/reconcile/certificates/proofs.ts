/** Puts up what shows the authority that a name is ours, and takes it down. Both may be repeated. */
import { join } from 'node:path'
import { DnsProviderMissing } from '@cascata/shared/problems/certificates'
import type { Proof } from '../../acme/order.ts'
import type { Spread } from '../../adapters/zone-servers.ts'
import { EDGE_UID } from '../../paths.ts'
import type { CertificatesWorld } from './world.ts'

type World = Pick<CertificatesWorld, 'files' | 'paths' | 'dnsProvider'>

export async function presentProof(world: World, proof: Proof): Promise<void> {
  if (proof.type === 'http-01') {
    const readable = { uid: 0, gid: EDGE_UID, mode: 0o640 }
    return world.files.write(fileFor(world, proof), proof.value, readable)
  }
  const provider = await world.dnsProvider()
  if (!provider) throw DnsProviderMissing()
  await provider.present(recordOf(proof))
}

export async function removeProof(world: World, proof: Proof): Promise<void> {
  if (proof.type === 'http-01') return world.files.remove(fileFor(world, proof))
  // Without a provider there is nobody to ask; the value says nothing to anybody by now.
  await (await world.dnsProvider())?.cleanup(recordOf(proof))
}

/** What the zones' servers show of proofs that lie in DNS. */
export async function spreadOf(
  { zoneServers }: Pick<CertificatesWorld, 'zoneServers'>,
  proofs: readonly Proof[],
): Promise<Spread> {
  const byName = Map.groupBy(proofs.map(recordOf), ({ name }) => name)
  const found = await Promise.all(
    [...byName].map(([name, records]) =>
      // Nobody to ask is nobody who shows it.
      zoneServers.spreadOf({ name, values: records.map(({ value }) => value) }).catch(() => NOBODY),
    ),
  )
  return {
    servers: Math.min(...found.map(({ servers }) => servers)),
    lacking: [...new Set(found.flatMap(({ lacking }) => lacking))],
  }
}

const NOBODY: Spread = { servers: 0, lacking: [] }

/** The token was checked before it was kept. */
const fileFor = ({ paths }: World, { token }: Proof) => join(paths.edgeChallenges, token)

/** For people. */
export const placeOf = (proof: Proof): string =>
  proof.type === 'http-01'
    ? `the file ${proof.token} of ${proof.host}`
    : `the TXT record ${recordOf(proof).name} "${proof.value}"`

const recordOf = ({ host, value }: Proof) => ({ name: `_acme-challenge.${host}`, value })
