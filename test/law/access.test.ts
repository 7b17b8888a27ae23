/** Every route says who may call it, and every line of the table is a route. */
import { createApp } from '@cascata/control/app/app'
import type { AppDeps } from '@cascata/control/app/ports'
import { access, ruleOf } from '@cascata/control/http/access'
import { controlApp } from '@cascata/control/http/control-app'
import { systemClock } from '@cascata/shared/clock'
import { CreateProject } from '@cascata/shared/contract/projects'
import { RunSql } from '@cascata/shared/contract/sql'
import { expect, test } from 'vitest'

const log = { debug() {}, info() {}, warn() {}, error() {} }
/** Nothing is asked of what stands behind: the routes are only listed, or refuse before they ask. */
const behind = {
  instance: { home: '/nowhere' },
  store: { instance: { get: async () => 'claimed' } },
} as unknown as AppDeps
const http = controlApp({
  app: createApp(behind),
  clock: systemClock,
  log,
  version: '0.0.0',
  assets: { console: '', reference: '', problems: '' },
})
const served = new Set(
  http.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`),
)

test('the routes that are served are those of the access table', () => {
  expect([...served].sort()).toEqual(Object.keys(access).sort())
})

test.each([...served])('%s asks a stranger for a token unless it is public', async (key) => {
  const rule = ruleOf(key)
  if (rule === undefined) throw new Error(`${key} has no rule`)
  if ('public' in rule) return expect(rule.public).toBe(true)
  const [method = '', path = ''] = key.split(' ')
  const response = await http.request(path, { method })
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toContain('Bearer')
  expect(response.headers.get('content-type')).toBe('application/problem+json')
})

test('the description names its resources, with examples that are valid by their own schema', async () => {
  const { openapi, components } = JSON.parse(await (await http.request('/openapi.json')).text())
  expect(openapi).toBe('3.1.0')
  expect(Object.keys(components.schemas)).toEqual(
    expect.arrayContaining(['Project', 'CreateProject', 'Operation', 'Backup', 'Problem']),
  )
  expect(CreateProject.safeParse(components.schemas.CreateProject.examples[0]).success).toBe(true)
  expect(RunSql.safeParse(components.schemas.RunSql.examples[0]).success).toBe(true)
})

test('each route with a token is described with its scope, and each problem by its code', async () => {
  const document = JSON.parse(await (await http.request('/openapi.json')).text())
  for (const key of Object.keys(access)) {
    const rule = ruleOf(key)
    if (rule === undefined || 'public' in rule) continue
    const [method = '', path = ''] = key.split(' ')
    const described = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
    expect(described?.description, key).toContain(`\`${rule.scope}\``)
    expect(described?.security, key).toEqual([{ token: [] }])
    expect(Object.keys(described?.responses['401'].content['application/problem+json'].examples)).toContain(
      'api-token-missing',
    )
  }
})
