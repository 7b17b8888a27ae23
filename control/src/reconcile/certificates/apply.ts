/** Carries out one step of the certificates, but for the orders' own (advance.ts). */
import { join } from 'node:path'
import { CertificateLimitReached } from '@cascata/shared/problems/certificates'
import { LEDGER_MS, LIMITS } from '../../acme/limits.ts'
import type { AcmeClient } from '../../acme/port.ts'
import { askAgainIn, isUsable, momentIn } from '../../acme/renewal.ts'
import type { CertificateRow } from '../../store/tables/certificates.ts'
import { cleanUp } from './cleanup.ts'
import type { CertificateStep } from './plan.ts'
import type { Authority, CertificatesWorld } from './world.ts'

type Simple = Exclude<CertificateStep, { do: 'acme.advance' }>

export async function applyCertificateStep(world: CertificatesWorld, step: Simple): Promise<void> {
  const { files, paths, store } = world
  switch (step.do) {
    case 'directories.ensure':
      for (const directory of step.directories) await files.ensureDirectory(directory)
      return
    case 'certificate.write':
      return world.pairs.write(step.row)
    case 'certificate.forget':
      return store.certificates.remove(step.row)
    case 'certificate.prune':
      for (const name of step.names) await files.remove(join(paths.edgeCertificates, name))
      return
    case 'challenge.prune':
      for (const name of step.names) await files.remove(join(paths.edgeChallenges, name))
      return
    case 'acme.window':
      return askWindow(world, step.row)
    case 'acme.cleanup':
      return cleanUp(world, step)
    case 'acme.postpone':
      return postpone(world, step)
  }
}

/** `ref` that the step's effect is named after. */
export function ownerOf(step: CertificateStep): string {
  if ('wanted' in step) return step.wanted.ref ?? '_system'
  if ('row' in step) return step.row.ref ?? '_system'
  if ('order' in step) return step.order.ref ?? '_system'
  return '_system'
}

/** A window that stays where it was keeps the moment that was chosen in it. */
async function askWindow(world: CertificatesWorld, row: CertificateRow): Promise<void> {
  const { authority, clock, random, store } = world
  if (!authority || row.ariId === null) return
  const now = clock.now()
  const window = await windowOf(await authority.client(), row.ariId)
  const windowCheckAt = new Date(
    now + askAgainIn(window === 'silent' ? null : (window?.retryAfterMs ?? null)),
  )
  const life = { notBefore: row.notBefore.getTime(), notAfter: row.notAfter.getTime() }
  if (window === 'silent' || (window && !isUsable(window, life)))
    return store.certificates.setWindow(row, { windowCheckAt })
  if (!window) return store.certificates.setWindow(row, { ...NO_WINDOW, windowCheckAt })
  const isSame =
    row.windowStart?.getTime() === window.startMs && row.windowEnd?.getTime() === window.endMs && row.renewAt
  return store.certificates.setWindow(row, {
    windowCheckAt,
    ...(!isSame && {
      renewAt: new Date(Math.min(momentIn(window, random()), life.notAfter)),
      ...{ windowStart: new Date(window.startMs), windowEnd: new Date(window.endMs) },
    }),
  })
}

const NO_WINDOW = { renewAt: null, windowStart: null, windowEnd: null }

/** An authority that does not answer this is asked again later: what it said before stays good. */
async function windowOf(acme: AcmeClient, ariId: string) {
  try {
    return await acme.renewalWindow(ariId)
  } catch {
    return 'silent' as const
  }
}

async function postpone(
  world: CertificatesWorld,
  { wanted, until, limit }: Extract<CertificateStep, { do: 'acme.postpone' }>,
): Promise<void> {
  const { name, ref } = wanted
  const { directory } = world.authority as Authority
  const { max, withinMs } = LIMITS[limit]
  const said = `${limit} (${max} in ${Math.round(withinMs / 3_600_000)} h)`
  const { code, title, message: detail } = CertificateLimitReached(said, new Date(until))
  const { orders } = world.store.certificates
  await orders.insert({ name, ref, names: [...wanted.names], directory })
  const problem = { code, title, detail }
  await orders.change(name, { ref, names: [...wanted.names], directory, nextTryAt: new Date(until), problem })
}

/** Entries that no limit looks at any more. */
export const forgetOldEntries = ({ store, clock }: CertificatesWorld): Promise<void> =>
  store.certificates.ledger.prune(new Date(clock.now() - 2 * LEDGER_MS))
