/**
 * Takes down what was put up for an order that has ended. A provider that fails at it stands in nobody's way: it is
 * tried a few times more, and what then still stands is told and left: it says nothing to anybody by now.
 */
import type { Problem } from '@cascata/shared/problem'
import { ProofLeft } from '@cascata/shared/problems/certificates'
import type { Proof } from '../../acme/order.ts'
import { backoffAfter } from '../../acme/renewal.ts'
import type { OrderRow } from '../../store/tables/certificates.ts'
import { ENDED } from './plan.ts'
import { placeOf, removeProof } from './proofs.ts'
import type { CertificatesWorld } from './world.ts'

/** The fifth comes more than a day after the first. */
export const CLEANUP_TRIES_MAX = 5

/**
 * @param forget the whole order; else it is kept for its next try
 * @throws ProofLeft what is left is kept, with its next try
 */
export async function cleanUp(
  world: CertificatesWorld,
  { order, forget }: { order: OrderRow; forget: boolean },
): Promise<void> {
  const { orders } = world.store.certificates
  const end = () =>
    forget ? orders.remove(order.name) : orders.change(order.name, { proofs: [], cleanup: null })
  const { left, reason } = await takeDown(world, order.proofs)
  if (left.length === 0) return end()
  const problem = ProofLeft(left.map(placeOf), messageOf(reason)).because(reason)
  const failures = (order.cleanup?.failures ?? 0) + 1
  if (failures >= CLEANUP_TRIES_MAX) {
    world.log.warn(
      { certificate: order.name, left: left.map(placeOf), detail: problem.message },
      'what stands of a proof is left behind: take it down by hand',
    )
    return end()
  }
  await orders.change(order.name, {
    ...(forget && ENDED),
    proofs: left,
    cleanup: {
      failures,
      nextTryAt: world.clock.now() + backoffAfter(failures),
      problem: told(problem),
    },
  })
  throw problem
}

async function takeDown(
  world: CertificatesWorld,
  proofs: readonly Proof[],
): Promise<{ left: Proof[]; reason: unknown }> {
  const left: Proof[] = []
  let reason: unknown
  for (const proof of proofs) {
    try {
      await removeProof(world, proof)
    } catch (error) {
      reason = error
      // Whether it still stands nobody knows: where an authority asks for it once more, it is put up once more.
      left.push({ ...proof, presentedAt: null })
    }
  }
  return { left, reason }
}

const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))

const told = ({ code, title, message }: Problem) => ({ code, title, detail: message })
