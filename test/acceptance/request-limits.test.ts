/**
 * What one request may ask for, changed with the CLI on a running project and felt through the edge by supabase-js:
 * each limit holds a moment later, names itself in its refusal, and no container is replaced for it.
 */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { cliFor } from '../harness/cli.ts'
import { eventually } from '../harness/eventually.ts'
import { type Harbour, openHarbour, REF } from '../harness/harbour.ts'
import { output } from '../harness/run.ts'

const instance = inject('instance')
const cli = cliFor(instance.profile)

const Limits = z.object({
  body_bytes_max: z.number(),
  url_bytes_max: z.number(),
  statement_timeout_ms: z.number(),
  embed_depth_max: z.number(),
  embeds_max: z.number(),
  plan_cost_max: z.number().nullable(),
})

let harbour: Harbour
let before: z.infer<typeof Limits>
let container: string

const startedAt = () =>
  output('docker', [
    'inspect',
    '--format',
    '{{.Id}} {{.State.StartedAt}}',
    `${instance.name}-${REF}-runtime-1`,
  ])

beforeAll(async () => {
  harbour = await openHarbour(instance)
  await harbour.fill()
  before = await cli.json(Limits, 'projects', 'limits', REF)
  container = await startedAt()
})

afterAll(async () => {
  expect(await startedAt()).toBe(container)
})

const limit = (...options: string[]) =>
  cli.json(z.object({ limits: Limits }), 'projects', 'limits', REF, ...options, '--wait')

type Answer = { status: number; error: { code: string; message: string; hint: string } | null }

/** Written is not yet live: until then the answer is the old one. */
const soon = (ask: () => PromiseLike<Answer>, status: number): Promise<Answer> =>
  eventually(10_000, async () => {
    const answer = await ask()
    expect(answer.status, answer.error?.message).toBe(status)
    return answer
  })

describe.each<
  [name: string, change: string[], back: () => string[], ask: () => PromiseLike<Answer>, refusal: object]
>([
  [
    'the time of a statement',
    ['--statement-timeout', '300'],
    () => ['--statement-timeout', String(before.statement_timeout_ms)],
    () => harbour.service.rpc('doze', { seconds: 0.8 }),
    { status: 504, error: { code: '57014', hint: expect.stringContaining('statement_timeout_ms') } },
  ],
  [
    'the length of a URL',
    ['--url-bytes', '256'],
    () => ['--url-bytes', String(before.url_bytes_max)],
    () =>
      harbour.service
        .from('ship')
        .select('id')
        .in(
          'id',
          Array.from({ length: 200 }, (_, at) => at),
        ),
    { status: 414, error: { code: 'url-too-long', hint: expect.stringContaining('url_bytes_max') } },
  ],
  [
    'the size of a body',
    ['--body-bytes', '2000'],
    () => ['--body-bytes', String(before.body_bytes_max)],
    () => harbour.service.rpc('longest', { words: ['x'.repeat(4_000)] }),
    { status: 413, error: { code: 'body-too-large', hint: expect.stringContaining('body_bytes_max') } },
  ],
  [
    'the depth of embeds',
    ['--embed-depth', '1'],
    () => ['--embed-depth', String(before.embed_depth_max)],
    () => harbour.service.from('ship').select('id, cargo(label, ship(id))').limit(1),
    {
      status: 400,
      error: { code: 'embed-depth-exceeded', hint: expect.stringContaining('embed_depth_max') },
    },
  ],
  [
    'the number of embeds',
    ['--embeds', '2'],
    () => ['--embeds', String(before.embeds_max)],
    () => harbour.service.from('ship').select('id, cargo(id), route(id), captain(id)').limit(1),
    { status: 400, error: { code: 'embeds-exceeded', hint: expect.stringContaining('embeds_max') } },
  ],
  [
    'the cost of a plan',
    ['--plan-cost', '1'],
    () => ['--plan-cost', 'off'],
    () => harbour.service.from('ship').select('*, cargo(*), neighbours(*)'),
    { status: 400, error: { code: 'plan-cost-exceeded', hint: expect.stringContaining('plan_cost_max') } },
  ],
])('%s', (_name, change, back, ask, refusal) => {
  test('passes, is refused once the limit is lower, and passes again when it is taken back', async () => {
    expect((await ask()).error).toBeNull()
    await limit(...change)
    const refused = await soon(ask, (refusal as { status: number }).status)
    expect(refused).toMatchObject(refusal)
    expect((await limit(...back())).limits).toEqual(before)
    await soon(ask, 200)
  })
})

describe('settings', () => {
  const set = (...pairs: string[]) =>
    cli.run('projects', 'settings', REF, ...pairs.flatMap((pair) => ['--set', pair]), '--wait', '--json')

  test('the greatest number of rows cuts a read, and the count still tells', async () => {
    expect((await set('maxRows=2')).code).toBe(0)
    try {
      await eventually(10_000, async () => {
        const { data, count } = await harbour.anon
          .from('ship')
          .select('id, cargo(id)', { count: 'exact' })
          .order('id')
        expect([data?.length, count]).toEqual([2, 5])
      })
    } finally {
      await set('maxRows=null')
    }
    await eventually(10_000, async () =>
      expect((await harbour.anon.from('ship').select('id')).data).toHaveLength(5),
    )
  })

  test('explain is refused where the setting is off', async () => {
    await set('plan=false')
    try {
      const { error } = await soon(() => harbour.anon.from('ship').select().explain(), 406)
      expect(error?.code).toBe('PGRST107')
    } finally {
      await set('plan=true')
    }
    await soon(() => harbour.anon.from('ship').select().explain(), 200)
  })

  test('a value that cannot be is refused by the command', async () => {
    expect((await set('maxRows=many')).code).toBe(2)
    expect((await set('maxRow=1')).code).toBe(2)
  })
})

describe('at the edge', () => {
  test('a URL longer than any project may allow is refused in the same words', async () => {
    const ids = Array.from({ length: 20_000 }, (_, at) => at)
    const { status, error } = await harbour.anon.from('ship').select('id').in('id', ids)
    expect([status, error?.code]).toEqual([414, 'url-too-long'])
    expect(error?.message).toBe('The URL is longer than the 30720 bytes that are allowed here.')
  })

  test('a body that says it is too large is refused before it is sent', async () => {
    const answer = await new Promise<{ status: number | undefined; sent: boolean }>((resolve, reject) => {
      let sent = false
      const asked = request({
        ...{ host: '127.0.0.1', port: instance.httpPort, method: 'POST', path: '/rest/v1/rpc/whole' },
        headers: {
          host: new URL(harbour.url).host,
          apikey: harbour.anonKey,
          expect: '100-continue',
          'content-length': 1024 ** 3,
        },
      })
      asked.on('continue', () => {
        sent = true
        asked.destroy()
      })
      asked.on('response', ({ statusCode }) => {
        resolve({ status: statusCode, sent })
        asked.destroy()
      })
      asked.on('error', reject)
      asked.flushHeaders()
    })
    expect(answer).toEqual({ status: 413, sent: false })
  })

  test('a body that says nothing of its size is refused when it has become too large', async () => {
    const status = await new Promise((resolve, reject) => {
      const asked = request(
        {
          ...{ host: '127.0.0.1', port: instance.httpPort, method: 'POST', path: '/rest/v1/rpc/whole' },
          headers: {
            host: new URL(harbour.url).host,
            apikey: harbour.anonKey,
            'content-type': 'application/json',
            'transfer-encoding': 'chunked',
          },
        },
        ({ statusCode }) => {
          resolve(statusCode)
          asked.destroy()
        },
      )
      // The rest of the body meets a closed door: only the answer counts.
      asked.on('error', (error) => setTimeout(() => reject(error), 1_000))
      const piece = Buffer.alloc(256 * 1024, ' ')
      const more = (left: number): void => {
        if (left > 0 && !asked.destroyed) asked.write(piece, () => more(left - 1))
      }
      more(60)
    })
    expect(status).toBe(413)
  })
})
