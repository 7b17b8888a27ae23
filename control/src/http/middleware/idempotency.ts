/**
 * A POST with an `Idempotency-Key` is carried out once for its token: sent again within a day it gets the first
 * answer. Only answers of success are kept; after a refusal nothing was done, and the key may be used again.
 *
 * A request that a killed process left unanswered is judged by its audit entry, which stands in the transaction of
 * the change: with one it was done, without one it may be done now.
 */
import { createHash } from 'node:crypto'
import {
  IdempotencyAnswerLost,
  IdempotencyInProgress,
  IdempotencyKeyInvalid,
  IdempotencyKeyReused,
} from '@cascata/shared/problems/request'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { IdempotencyRow } from '../../store/tables/access.ts'
import type { Env, HttpDeps } from '../env.ts'

type Answer = { headers: Record<string, string>; body: string }

const KEY = /^[\x21-\x7e]{1,200}$/
const KEPT_HEADERS = ['content-type', 'location', 'etag']

export function idempotency({ store, seal }: HttpDeps) {
  /** What this process is working on; a row that is not among them is of one that was killed. */
  const underWay = new Set<string>()

  return createMiddleware<Env>(async (c, next) => {
    const key = c.req.header('idempotency-key')
    const caller = c.get('caller')
    if (c.req.method !== 'POST' || key === undefined || caller === undefined) return next()
    if (!KEY.test(key)) throw IdempotencyKeyInvalid()
    const named = { tokenId: caller.tokenId, key }
    const name = `${caller.tokenId} ${key}`
    const request = await fingerprint(c)
    const earlier = await begin({ ...named, request, requestId: caller.requestId }, name)
    if (earlier) return replay(earlier, named)
    try {
      await next()
      await settle(c, named)
    } finally {
      underWay.delete(name)
    }
  })

  /** Undefined once the key is ours. */
  async function begin(
    row: { tokenId: string; key: string; request: string; requestId: string },
    name: string,
  ): Promise<IdempotencyRow | undefined> {
    if (underWay.has(name)) throw IdempotencyInProgress()
    underWay.add(name)
    try {
      const earlier = await store.idempotency.begin(row)
      if (!earlier) return undefined
      if (earlier.request !== row.request) throw IdempotencyKeyReused()
      if (earlier.status === null) {
        if (await store.audit.has(earlier.requestId)) throw IdempotencyAnswerLost()
        await store.idempotency.forget(row)
        if (await store.idempotency.begin(row)) throw IdempotencyInProgress()
        return undefined
      }
      underWay.delete(name)
      return earlier
    } catch (error) {
      underWay.delete(name)
      throw error
    }
  }

  function replay(row: IdempotencyRow, { tokenId, key }: { tokenId: string; key: string }): Response {
    const answer = JSON.parse(seal.open(`idempotency:${tokenId}:${key}`, row.answer ?? '')) as Answer
    const headers = { ...answer.headers, 'idempotency-replayed': 'true' }
    return new Response(answer.body, { status: row.status ?? 200, headers })
  }

  async function settle(c: Context<Env>, named: { tokenId: string; key: string }): Promise<void> {
    if (!c.res.ok) {
      // A failure of ours after the commit: the row stays, and its audit entry will tell.
      const done = c.res.status >= 500 && (await store.audit.has(c.get('requestId')))
      return done ? undefined : store.idempotency.forget(named)
    }
    const body = await c.res.clone().text()
    const headers: Record<string, string> = {}
    for (const header of KEPT_HEADERS) {
      const value = c.res.headers.get(header)
      if (value !== null) headers[header] = value
    }
    // Sealed: an answer may be the only place where a new token was ever written.
    const purpose = `idempotency:${named.tokenId}:${named.key}`
    const answer = seal.seal(purpose, JSON.stringify({ headers, body } satisfies Answer))
    await store.idempotency.finish(named, { status: c.res.status, answer })
  }
}

/** Method, path, query and body; of an upload its length, since reading it here would keep it in memory. */
async function fingerprint(c: Context<Env>): Promise<string> {
  const { pathname, search } = new URL(c.req.url)
  const isUpload = c.req.header('content-type')?.startsWith('application/octet-stream') ?? false
  const body = isUpload ? `upload ${c.req.header('content-length') ?? '?'}` : await c.req.text()
  return createHash('sha256')
    .update(JSON.stringify([c.req.method, pathname, search, body]))
    .digest('hex')
}
