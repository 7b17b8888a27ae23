/** What the control API says of itself over the wire: problems and their pages, logs, its description. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { Created } from './shapes.ts'

const { profile, httpPort } = inject('instance')
const cli = cliFor(profile)
const { call, fetch, base } = apiFor({ profile, httpPort })

let project: Created

beforeAll(async () => {
  project = await cli.json(Created, 'projects', 'create', 'Pages', '--ref', 'api-pages', '--wait')
})

afterAll(async () => {
  await cli.run('projects', 'delete', 'api-pages', '--yes')
})

describe('a problem', () => {
  const Problem = z.object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    code: z.string(),
    hint: z.string(),
    request_id: z.string(),
  })

  test('has a code, a hint, the id of its request and a page that exists', async () => {
    const answer = await call('GET', '/v1/projects/api-nobody')
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    const problem = Problem.parse(answer.body)
    expect(problem).toMatchObject({ code: 'project-not-found', status: 404 })
    expect(answer.headers.get('x-request-id')).toBe(problem.request_id)
    const page = await fetch(new URL(problem.type, base), { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('<code>project-not-found</code>')
  })

  test.each([
    ['of a project’s runtime', () => project.url, 'service-not-found'],
    ['of a host that nobody has', () => `http://api-nobody.localhost:${httpPort}`, 'unknown-host'],
  ])('%s has a page that exists, too', async (_of, host, code) => {
    const problem = (await (await fetch(`${host()}/nothing`)).json()) as { type: string; code: string }
    expect(problem.code).toBe(code)
    const sent = await fetch(new URL(problem.type, host()))
    expect(sent.status).toBe(302)
    const page = await fetch(sent.headers.get('location') ?? '')
    expect([page.status, (await page.text()).startsWith('# ')]).toEqual([200, true])
  })
})

test('logs show what a project’s containers said', async () => {
  const { body } = await call('GET', '/v1/projects/api-pages/logs?role=runtime&tail=50')
  const lines = z
    .array(z.string())
    .parse(body.lines)
    .map((line) => JSON.parse(line) as { level: string; msg: string })
  expect(lines.map(({ msg }) => msg)).toContain('listening')
  expect(new Set(lines.map(({ level }) => level))).toContain('info')
  expect(lines.filter((line) => JSON.stringify(line).includes('/health/'))).toEqual([])
})

const Described = z.object({
  operationId: z.string(),
  summary: z.string(),
  responses: z.record(z.string(), z.object({ description: z.string() })),
  parameters: z.array(z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']) })).optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
})

/** What a local reference leads to. */
const at = (document: unknown, reference: string): unknown =>
  reference
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document)

describe('its own description', () => {
  test('is OpenAPI 3.1 in which every reference leads somewhere and every operation is whole', async () => {
    const { body, headers } = await call('GET', '/openapi.json', { as: null })
    expect(headers.get('content-type')).toContain('application/json')
    expect(body.openapi).toMatch(/^3\.1\./)
    expect(body.info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
    const ids: string[] = []
    for (const [path, item] of Object.entries(body.paths as Record<string, Record<string, unknown>>)) {
      expect(path).toMatch(/^\//)
      for (const [method, operation] of Object.entries(item)) {
        const { operationId, responses, parameters = [], security } = Described.parse(operation)
        ids.push(operationId)
        expect(
          Object.keys(responses).some((status) => /^2\d\d$/.test(status)),
          `${method} ${path}`,
        ).toBe(true)
        const named = parameters.flatMap((each) => (each.in === 'path' ? [each.name] : []))
        expect(named.sort()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort())
        for (const scheme of security.flatMap(Object.keys))
          expect(at(body, `#/components/securitySchemes/${scheme}`)).toBeDefined()
      }
    }
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThan(30)
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to ?? '')
    expect(references.length).toBeGreaterThan(10)
    for (const to of references) expect(at(body, to), to).toBeDefined()
  })

  test('is browsed without any other host: all it loads is here, and its policy lets nothing else in', async () => {
    const page = await call('GET', '/reference', { as: null })
    expect(page.status).toBe(200)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    for (const source of policy.split(';').flatMap((rule) => rule.trim().split(/\s+/).slice(1)))
      expect(["'none'", "'self'", 'data:']).toContain(source)
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '')
    const own = loaded.filter((url) => !url.startsWith('data:'))
    expect(own.length).toBeGreaterThanOrEqual(3)
    for (const url of own) {
      expect(url).toMatch(/^\/[^/]/)
      expect((await call('GET', url, { as: null })).status, url).toBe(200)
    }
    expect((await call('GET', '/reference/start.js', { as: null })).text).toContain("'/openapi.json'")
  })
})
