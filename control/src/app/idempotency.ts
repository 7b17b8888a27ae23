/**
 * A request with an `Idempotency-Key` is carried out once for its token: sent again within a day it gets the first
 * answer. Only answers of success are kept; after a refusal nothing was done, and the key may be used again.
 *
 * A request that a killed process left unanswered is judged by its audit entry, which stands in the transaction of
 * the change: with one it was done, without one it may be done now.
 */
import {
  IdempotencyAnswerLost,
  IdempotencyInProgress,
  IdempotencyKeyInvalid,
  IdempotencyKeyReused,
} from '@cascata/shared/problems/request'
import type { IdempotencyRow } from '../store/tables/access.ts'
import type { Caller } from './caller.ts'
import { PRUNE_EVERY_MS } from './limits.ts'
import type { AppDeps } from './ports.ts'

export type Answer = { status: number; headers: Record<string, string>; body: string }

/** The key is ours: every way out of the request ends in exactly one of these. */
export type Claimed = {
  /** It was done; this is what was said. */
  keep(answer: Answer): Promise<void>
  /** It failed: was it refused, or did we break after the change was written? */
  fail(failure: { ours: boolean }): Promise<void>
}

type Named = { tokenId: string; key: string }

const KEY = /^[\x21-\x7e]{1,200}$/
/** Sealed: an answer may be the only place where a new token was ever written. */
const purposeOf = ({ tokenId, key }: Named) => `idempotency:${tokenId}:${key}`

export function idempotencyCases({ store, seal, clock }: AppDeps) {
  let prunedAt = 0
  /** What this process is working on; a row that is not among them is of one that was killed. */
  const underWay = new Set<string>()

  /** Undefined once the key is ours. */
  async function take(
    row: Named & { request: string; requestId: string },
  ): Promise<IdempotencyRow | undefined> {
    const earlier = await store.idempotency.begin(row)
    if (!earlier) return undefined
    if (earlier.request !== row.request) throw IdempotencyKeyReused()
    if (earlier.status !== null) return earlier
    if (await store.audit.has(earlier.requestId)) throw IdempotencyAnswerLost()
    await store.idempotency.forget(row)
    if (await store.idempotency.begin(row)) throw IdempotencyInProgress()
    return undefined
  }

  function claimed(named: Named, requestId: string): Claimed {
    const done = () => void underWay.delete(purposeOf(named))
    return {
      async keep({ status, ...answer }) {
        const sealed = seal.seal(purposeOf(named), JSON.stringify(answer))
        await store.idempotency.finish(named, { status, answer: sealed }).finally(done)
      },
      async fail({ ours }) {
        try {
          // A failure of ours after the commit: the row stays, and its audit entry will tell.
          if (!ours || !(await store.audit.has(requestId))) await store.idempotency.forget(named)
        } finally {
          done()
        }
      },
    }
  }

  return {
    /** The first answer when there is one, else the key. `request` is a hash of what is asked. */
    async begin(caller: Caller, key: string, request: string): Promise<Answer | Claimed> {
      if (!KEY.test(key)) throw IdempotencyKeyInvalid()
      const named = { tokenId: caller.tokenId, key }
      const name = purposeOf(named)
      if (clock.now() - prunedAt > PRUNE_EVERY_MS) {
        prunedAt = clock.now()
        await store.idempotency.forgetExpired()
      }
      if (underWay.has(name)) throw IdempotencyInProgress()
      underWay.add(name)
      const earlier = await take({ ...named, request, requestId: caller.requestId }).catch(
        (error: unknown) => {
          underWay.delete(name)
          throw error
        },
      )
      if (!earlier) return claimed(named, caller.requestId)
      underWay.delete(name)
      const kept = JSON.parse(seal.open(name, earlier.answer ?? '')) as Omit<Answer, 'status'>
      return { ...kept, status: earlier.status ?? 200 }
    },
  }
}
