/** The edge under change: reloaded again and again while others are at work on connections they keep. */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { testConfig } from '../harness/config.ts'
import { askEdge } from '../harness/edge-ask.ts'
import { http1Caller, http2Caller, type Lane, startEdgeLoad, type Wanted } from '../harness/edge-load.ts'
import { eventually } from '../harness/eventually.ts'
import { type Harbour, openHarbour, REF } from '../harness/harbour.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { Created, QueryAnswer } from './shapes.ts'

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
  const places = {
    plain: { port: instance.httpPort, host: `${REF}.localhost:${instance.httpPort}` },
    secure: { port: instance.httpsPort, host: `${REF}.localhost:${instance.httpsPort}` },
    writes: { port: instance.httpPort, host: `edgy.localhost:${instance.httpPort}` },
    secureWrites: { port: instance.httpsPort, host: `edgy.localhost:${instance.httpsPort}` },
  }

  beforeAll(async () => {
    const query = 'create table public.hits (key text); grant insert, select on public.hits to service_role'
    const made = await api.call('POST', '/v1/projects/edgy/sql', { body: { query } })
    expect(made.status, made.text).toBe(200)
    await eventually(10_000, async () => {
      const { status } = await fetch(`${other.url}/rest/v1/hits`, {
        headers: { apikey: other.service_role_key },
      })
      expect(status).toBe(200)
    })
  })

  test(`${RELOADS} of them under load fail no request, and each write is done once`, {
    timeout: 900_000,
  }, async () => {
    const confirmed: string[] = []
    const reads = () => ({
      ...{ method: 'GET', path: '/rest/v1/ship?select=id&limit=1' },
      headers: { apikey: harbour.serviceKey },
    })
    let count = 0
    const writes = () => {
      count += 1
      const headers = { apikey: other.service_role_key, 'content-type': 'application/json' }
      const body = JSON.stringify({ key: `hit ${count}` })
      return { method: 'POST', path: '/rest/v1/hits', headers, body }
    }
    const answered = ({ body = '' }: Wanted) =>
      confirmed.push(z.object({ key: z.string() }).parse(JSON.parse(body)).key)
    const [readsByHttp2, writesByHttp2] = [http2Caller(places.secure), http2Caller(places.secureWrites)]
    const lanesOf = (many: number, lane: () => Lane) => Array.from({ length: many }, lane)
    const load = startEdgeLoad([
      ...lanesOf(WORKERS, () => ({
        ...{ name: 'reads', caller: http1Caller(places.plain, { tls: false }), next: reads },
      })),
      ...lanesOf(4, () => ({
        ...{ name: 'writes', caller: http1Caller(places.writes, { tls: false }), next: writes, answered },
      })),
      ...lanesOf(2, () => ({
        ...{ name: 'reads over TLS', caller: http1Caller(places.secure, { tls: true }), next: reads },
      })),
      ...lanesOf(2, () => ({
        ...{ name: 'writes over TLS', caller: http1Caller(places.secureWrites, { tls: true }), next: writes },
        answered,
      })),
      ...lanesOf(4, () => ({ name: 'reads by HTTP/2', caller: readsByHttp2, next: reads })),
      ...lanesOf(4, () => ({ name: 'writes by HTTP/2', caller: writesByHttp2, next: writes, answered })),
    ])
    const began = Date.now()
    for (let n = 1; n <= RELOADS; n += 1) {
      await change({ hstsMaxAgeS: n })
      await eventually(20_000, async () => {
        const { headers } = await askEdge({ ...places.secureWrites, tls: true, path: '/rest/v1/' })
        expect(headers['strict-transport-security']).toBe(`max-age=${n}`)
      })
    }
    const told = await load.stop()
    const seconds = Math.round((Date.now() - began) / 1_000)
    process.stderr.write(`${RELOADS} reloads in ${seconds} s: ${JSON.stringify(told)}\n`)
    expect(told.failed).toEqual([])
    for (const [name, times] of Object.entries(told.answered))
      expect([name, times > RELOADS * 2]).toEqual([name, true])
    expect(told.answered.reads).toBeGreaterThan(RELOADS * WORKERS)
    const query = 'select count(*)::int, count(distinct key)::int from public.hits'
    const { body } = await api.call('POST', '/v1/projects/edgy/sql', { body: { query } })
    expect(QueryAnswer.parse(body).results[0]?.rows).toEqual([[confirmed.length, confirmed.length]])
  })
})

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

describe('over IPv6', () => {
  const over = (host: string, headers: Record<string, string>, path = '/rest/v1/rpc/said') =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const sent = request({ host, port: instance.httpPort, path, headers, agent: false }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      })
      sent.on('error', reject)
      sent.end()
    })

  test('control and a project answer at [::1], too', async () => {
    const control = await over('::1', { host: `[::1]:${instance.httpPort}` }, '/health/ready')
    expect([control.status, control.text]).toEqual([200, expect.anything()])
    const project = await over('::1', { host: new URL(other.url).host, apikey: other.anon_key }, '/rest/v1/')
    expect(project.status).toBe(200)
  })

  test('a caller on this machine is the same to us as by IPv4, and no more than that by its own word', async () => {
    const headers = {
      ...{ host: new URL(other.url).host, apikey: other.anon_key },
      'x-forwarded-for': '203.0.113.1',
    }
    const seen = async (host: string) => {
      const { text } = await over(host, headers)
      return z.looseObject({ 'x-forwarded-for': z.string() }).parse(JSON.parse(text))['x-forwarded-for']
    }
    expect(await seen('::1')).toBe(await seen('127.0.0.1'))
    expect(await seen('::1')).not.toContain('203.0.113.1')
  })
})
