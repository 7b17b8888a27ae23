import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { expect, test } from 'vitest'
import { documentOf, renderDocument, wasReadOnly } from './document.ts'

const own = (text: { readOnly?: boolean } = {}) => ({
  secrets,
  url: 'http://shop.localhost:8080',
  readOnly: false,
  ...text,
})
const secrets = {
  jwtSecret: 'a-secret-of-this-test-and-no-other-project',
  anonKey: 'a',
  serviceRoleKey: 's',
  passwords: { supabase_admin: '1', authenticator: '2', postgres: '3' },
}
const intent = (limits: object) => ({
  ref: 'shop',
  generation: 3,
  settings: ProjectSettings.parse({}),
  limits: limits as ProjectLimits,
})

test('every limit of a request reaches the runtime', () => {
  const limits = ProjectLimits.parse({
    body_bytes_max: 1,
    url_bytes_max: 300,
    statement_timeout_ms: 20,
    embed_depth_max: 3,
    embeds_max: 4,
    plan_cost_max: 5.5,
  })
  expect(documentOf(intent(limits), own()).limits).toEqual({
    bodyBytesMax: 1,
    urlBytesMax: 300,
    statementTimeoutMs: 20,
    embedDepthMax: 3,
    embedsMax: 4,
    planCostMax: 5.5,
  })
})

test('a row from before a limit was thought of has its default', () => {
  const { runtime, db } = ProjectLimits.parse({})
  const { limits } = documentOf(intent({ runtime, db, body_bytes_max: 9 }), own())
  expect(limits).toMatchObject({ bodyBytesMax: 9, embedDepthMax: 8, planCostMax: null })
})

test('a document says whether its project may be written to, and can be asked again', () => {
  const limits = ProjectLimits.parse({})
  for (const readOnly of [true, false]) {
    expect(wasReadOnly(renderDocument(documentOf(intent(limits), own({ readOnly }))))).toBe(readOnly)
  }
  for (const text of [null, '', '{', '{}', 'null']) expect(wasReadOnly(text)).toBe(false)
})

test('more replicas have fewer connections each', () => {
  const shares = [1, 3, 8].map((max) => {
    const settings = ProjectSettings.parse({ replicas: { max } })
    const { database } = documentOf({ ...intent(ProjectLimits.parse({})), settings }, own())
    return database.poolSize + database.spareConnections
  })
  expect(shares).toEqual([8, 8, 3])
})

test('a runtime learns where to count together with others', () => {
  const { counters } = documentOf(intent(ProjectLimits.parse({})), own())
  expect(counters).toEqual({ socket: '/run/counters/redis.sock' })
})
