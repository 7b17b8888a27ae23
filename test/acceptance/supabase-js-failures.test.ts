/** What goes wrong on the way: a caller that leaves, an answer that is late or lost, an error that is thrown. */
import { PostgrestError } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { type Harbour, openHarbour } from '../harness/harbour.ts'
import { METHODS } from '../harness/harbour-methods.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
  await harbour.fill()
})

afterAll(() => expect([...harbour.called]).toEqual(expect.arrayContaining([...METHODS.failures])))

/** Statements of the API that sleep now, as Postgres sees them. */
const sleeping = () =>
  harbour.sql(`select pid from pg_stat_activity
    where usename = 'authenticator' and state = 'active' and wait_event = 'PgSleep'`)

const untilSleeping = (count: number) =>
  eventually(5_000, async () => expect(await sleeping()).toHaveLength(count))

describe('abortSignal', () => {
  test('ends the call for its caller, and the statement in Postgres', async () => {
    const controller = new AbortController()
    const call = harbour.service.rpc('doze', { seconds: 30 }).abortSignal(controller.signal)
    const answered = call.then((answer) => answer)
    await untilSleeping(1)
    const startedAt = performance.now()
    controller.abort()
    const { data, error, status } = await answered
    expect([data, status, error?.message]).toEqual([null, 0, expect.stringContaining('AbortError')])
    await untilSleeping(0)
    expect(performance.now() - startedAt).toBeLessThan(25_000)
  })

  test('of a call that has not begun sends nothing', async () => {
    const { error, status } = await harbour.anon.from('ship').select().abortSignal(AbortSignal.abort())
    expect([status, error?.hint]).toEqual([0, expect.stringContaining('aborted')])
  })

  test('leaves other calls alone', async () => {
    const controller = new AbortController()
    const doomed = harbour.service
      .rpc('doze', { seconds: 30 })
      .abortSignal(controller.signal)
      .then((answer) => answer)
    await untilSleeping(1)
    const others = Array.from({ length: 20 }, () =>
      harbour.anon
        .from('ship')
        .select('id')
        .then(({ data }) => data),
    )
    controller.abort()
    expect((await doomed).error).not.toBeNull()
    for (const rows of await Promise.all(others)) expect(rows).toHaveLength(5)
    await untilSleeping(0)
  })

  test('a write whose caller leaves is not kept', async () => {
    const controller = new AbortController()
    const call = harbour.service
      .rpc('note_and_doze', { seconds: 30 })
      .abortSignal(controller.signal)
      .then((answer) => answer)
    await untilSleeping(1)
    controller.abort()
    expect((await call).error).not.toBeNull()
    await untilSleeping(0)
    const { data } = await harbour.service.from('ship').select('note').eq('id', 1).single()
    expect(data?.note).toBe('The quick ship carries green apples')
  })

  test('a timeout of the client is an abort', async () => {
    const hasty = harbour.client(harbour.serviceKey, { db: { timeout: 300 } })
    const { error, status } = await hasty.rpc('doze', { seconds: 30 })
    expect([status, error?.message]).toEqual([0, expect.stringContaining('AbortError')])
    await untilSleeping(0)
  })
})

describe('a statement that takes too long', () => {
  test('is ended by the time its role has', async () => {
    await harbour.sql("alter role anon set statement_timeout = '300ms'; notify pgrst, 'reload schema'")
    try {
      const { error } = await eventually(5_000, async () => {
        const answer = await harbour.anon.rpc('doze', { seconds: 2 })
        expect(answer.error).not.toBeNull()
        return answer
      })
      expect(error).toMatchObject({ code: '57014', message: 'canceling statement due to statement timeout' })
    } finally {
      await harbour.sql("alter role anon set statement_timeout = '3s'; notify pgrst, 'reload schema'")
    }
  })
})

describe('throwOnError', () => {
  test('throws what else is an answer', async () => {
    const call = harbour.anon.from('shop').select().throwOnError()
    const thrown = await call.then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(thrown).toBeInstanceOf(PostgrestError)
    expect(thrown).toMatchObject({ code: 'PGRST205', hint: expect.stringContaining('ship'), details: null })
  })

  test('lets an answer pass', async () => {
    const { data } = await harbour.anon.from('ship').select('id').eq('id', 1).single().throwOnError()
    expect(data).toEqual({ id: 1 })
  })

  test('throws for more rows than maybeSingle allows', async () => {
    await expect(harbour.anon.from('ship').select('id').maybeSingle().throwOnError()).rejects.toMatchObject({
      code: 'PGRST116',
    })
  })
})

/** A client whose first answers never arrive, and what it then sends. */
function flaky(failures: number, failure: () => Response | Error) {
  const sent: Headers[] = []
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    sent.push(new Headers(init?.headers))
    const answer = await harbour.fetch(input, init)
    if (sent.length > failures) return answer
    await answer.text()
    const lost = failure()
    if (lost instanceof Error) throw lost
    return lost
  }
  const global = { fetch: fetch as typeof globalThis.fetch }
  return { sent, client: harbour.client(harbour.serviceKey, { global }) }
}

const busy = () => new Response('{"message":"busy"}', { status: 503, headers: { 'retry-after': '0' } })

describe('retry', () => {
  test('a read is sent again when the answer was 503, and says so', async () => {
    const { sent, client } = flaky(2, busy)
    const { data, error } = await client.from('ship').select('id').eq('id', 1)
    expect([data, error]).toEqual([[{ id: 1 }], null])
    expect(sent.map((headers) => headers.get('x-retry-count'))).toEqual([null, '1', '2'])
  })

  test('a read is sent again when the answer was lost', async () => {
    const { sent, client } = flaky(1, () => new TypeError('fetch failed'))
    expect((await client.from('ship').select('id').eq('id', 1)).data).toEqual([{ id: 1 }])
    expect(sent).toHaveLength(2)
  })

  test('a write is never sent twice', async () => {
    const { sent, client } = flaky(1, busy)
    const { status } = await client.from('port').insert({ id: 50, name: 'Once', country: 'NO' })
    expect([status, sent.length]).toEqual([503, 1])
  })

  test('retry(false) asks once', async () => {
    const { sent, client } = flaky(1, busy)
    const { status, error } = await client.from('ship').select('id').retry(false)
    expect([status, error?.message, sent.length]).toEqual([503, 'busy', 1])
  })
})
