/** A POST with an `Idempotency-Key` is done once (app/idempotency.ts): here is what counts as the same request. */
import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Env, HttpDeps } from '../env.ts'

const KEPT_HEADERS = ['content-type', 'location', 'etag']

export const idempotency = ({ app }: HttpDeps) =>
  createMiddleware<Env>(async (c, next) => {
    const key = c.req.header('idempotency-key')
    const caller = c.get('caller')
    if (c.req.method !== 'POST' || key === undefined || caller === undefined) return next()
    const begun = await app.idempotency.begin(caller, key, await fingerprint(c))
    if ('body' in begun) {
      const headers = { ...begun.headers, 'idempotency-replayed': 'true' }
      return new Response(begun.body, { status: begun.status, headers })
    }
    await next()
    if (!c.res.ok) return begun.fail({ ours: c.res.status >= 500 })
    const kept = KEPT_HEADERS.map((name) => [name, c.res.headers.get(name)])
    const headers = Object.fromEntries(kept.filter(([, value]) => value !== null))
    return begun.keep({ status: c.res.status, headers, body: await c.res.clone().text() })
  })

/** Method, path, query and body; of an upload its length, since reading it here would keep it in memory. */
async function fingerprint(c: Context<Env>): Promise<string> {
  const { pathname, search } = new URL(c.req.url)
  const isUpload = c.req.header('content-type')?.startsWith('application/octet-stream') ?? false
  const body = isUpload ? `upload ${c.req.header('content-length') ?? '?'}` : await c.req.text()
  return createHash('sha256')
    .update(JSON.stringify([c.req.method, pathname, search, body]))
    .digest('hex')
}
