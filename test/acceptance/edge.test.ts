/** The edge under change: reloaded again and again while others are at work on connections they keep. */
import { Agent, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { testConfig } from '../harness/config.ts'
import { eventually } from '../harness/eventually.ts'
import { type Harbour, openHarbour, REF } from '../harness/harbour.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { Created } from './shapes.ts'

const instance = inject('instance')
const cli = cliFor(instance.profile)
const api = apiFor(instance)
const fetch = localFetch(instance.httpPort)
const full = testConfig.size === 'full'
const RELOADS = full ? 100 : 25
const WORKERS = 16

let harbour: Harbour
let other: Created

beforeAll(async () => {
  harbour = await openHarbour(instance)
  await harbour.fill()
  other = await cli.json(Created, 'projects', 'create', 'Edge', '--ref', 'edgy', '--wait')
})
afterAll(async () => {
  await cli.run('projects', 'delete', 'edgy', '--yes')
})

async function change(edge: Record<string, unknown>): Promise<void> {
  const path = '/v1/projects/edgy/settings'
  const etag = (await api.call('GET', path)).headers.get('etag') ?? ''
  const answer = await api.call('PATCH', path, { body: { edge }, headers: { 'if-match': etag } })
  expect(answer.status, answer.text).toBe(202)
}

const ask = (headers: Record<string, string> = {}) => fetch(`${other.url}/rest/v1/`, { headers })

describe('reloads', () => {
  test(`${RELOADS} of them under load fail no request`, { timeout: 300_000 }, async () => {
    const load = startLoad()
    for (let n = 1; n <= RELOADS; n += 1) {
      await change({ hstsMaxAgeS: n })
      await eventually(10_000, async () => {
        expect((await ask()).headers.get('strict-transport-security')).toBe(`max-age=${n}`)
      })
    }
    const { answered, failed } = await load.stop()
    expect(failed).toEqual([])
    expect(answered).toBeGreaterThan(RELOADS * WORKERS)
  })
})

/** Each worker has a connection that it keeps, and asks again as soon as it is answered. Nothing is sent twice. */
function startLoad() {
  let isOver = false
  let answered = 0
  const failed: string[] = []
  const worker = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!isOver) {
      const outcome = await once(agent)
      if (outcome === 200) answered += 1
      else failed.push(String(outcome))
    }
    agent.destroy()
  }
  const workers = Promise.all(Array.from({ length: WORKERS }, worker))
  return {
    async stop() {
      isOver = true
      await workers
      return { answered, failed }
    },
  }
}

function once(agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(
      {
        ...{ agent, host: '127.0.0.1', port: instance.httpPort, path: '/rest/v1/ship?select=id&limit=1' },
        headers: { host: `${REF}.localhost:${instance.httpPort}`, apikey: harbour.serviceKey },
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
        answer.on('error', (error) => resolve(error.message))
      },
    )
    sent.on('error', (error) => resolve(error.message))
    sent.end()
  })
}

describe('maintenance', () => {
  test('answers people with a page and programs with a problem, and ends', async () => {
    const message = `Back at five: "$host" & <b>'soon'</b>`
    await change({ maintenance: { message, retryAfterS: 90 } })
    const answer = await eventually(10_000, async () => {
      const answer = await ask({ accept: 'application/json' })
      expect(answer.status).toBe(503)
      return answer
    })
    expect(answer.headers.get('retry-after')).toBe('90')
    expect(await answer.json()).toMatchObject({ code: 'under-maintenance', message })
    const page = await ask({ accept: 'text/html,*/*' })
    expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain(`Back at five: &quot;&#36;host&quot; &amp; &lt;b&gt;'soon'&lt;/b&gt;`)
    await change({ maintenance: null })
    await eventually(10_000, async () => expect((await ask({ apikey: other.anon_key })).status).toBe(200))
  })
})

describe('a client', () => {
  test('cannot say who it is: what it says of its address is overwritten', async () => {
    const spoofed = {
      'x-forwarded-for': '203.0.113.1',
      forwarded: 'for=203.0.113.1',
      'x-real-ip': '203.0.113.1',
    }
    const said = z.record(z.string(), z.unknown())
    const sql = `create or replace function public.said() returns json stable language sql as $$ select current_setting('request.headers')::json $$;
      grant execute on function public.said() to anon; notify pgrst, 'reload schema'`
    await api.call('POST', '/v1/projects/edgy/sql', { body: { query: sql } })
    const headers = await eventually(10_000, async () => {
      const answer = await fetch(`${other.url}/rest/v1/rpc/said`, {
        headers: { apikey: other.anon_key, ...spoofed },
      })
      expect(answer.status).toBe(200)
      return said.parse(await answer.json())
    })
    expect(headers.forwarded).toBeUndefined()
    expect(headers['x-forwarded-for']).not.toContain('203.0.113.1')
    expect(headers['x-real-ip']).toBe(headers['x-forwarded-for'])
  })
})
