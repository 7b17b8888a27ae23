import { describe, expect, test } from 'vitest'
import { ROUTES } from '../routes.ts'
import { createAuthDescriber } from './describer.ts'
import type { Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { writeOperations } from './write.ts'

const where = { server: 'https://shop.example.com', prefix: '/auth/v1' }
const dialect = '3.0.3' as const

test('every route of the service is described, and nothing that is none', () => {
  expect(Object.keys(OPERATIONS).toSorted()).toEqual(Object.keys(ROUTES).toSorted())
})

test('each is described as open to whom it is open', () => {
  const said = Object.entries(OPERATIONS).map(([route, { access }]) => [route, access])
  expect(said).toEqual(Object.keys(OPERATIONS).map((route) => [route, ROUTES[route]?.access]))
})

test('what is an admin’s stands in no other document', () => {
  const shown = (admin: boolean) => Object.keys(writeOperations({ ...where, dialect, admin }).paths)
  const isAdmins = (path: string) => path.startsWith('/auth/v1/admin/') || path === '/auth/v1/invite'
  expect(shown(false).filter(isAdmins)).toEqual([])
  expect(shown(true).filter((path) => !isAdmins(path))).toEqual(shown(false))
  expect(shown(true).filter(isAdmins)).toContain('/auth/v1/admin/users/{id}')
})

describe('a description', () => {
  const operation: Operation = {
    access: 'user',
    id: 'auth_try',
    summary: 'Try',
    body: { fields: { a: { type: 'string', nullable: true } }, example: { a: "it's" } },
    answers: { 200: { description: 'Done.' } },
    errors: { 422: ['same_password'] },
  }
  const written = (version: '3.0.3' | '3.1.0') =>
    writeOperations({ ...where, dialect: version, admin: false }, { 'PUT /try/:id': operation }).paths[
      '/auth/v1/try/{id}'
    ]?.put

  test('names the codes of each status, its own first', () => {
    expect(written(dialect)).toMatchObject({
      description: expect.stringContaining('422: `same_password`'),
      responses: {
        403: { $ref: '#/components/responses/AuthForbidden' },
        422: { $ref: '#/components/responses/AuthRefused' },
      },
      security: [{ bearer: [] }],
      parameters: [{ name: 'id', in: 'path', required: true }, { name: 'X-Supabase-Api-Version' }],
    })
  })

  test('says null as its version of OpenAPI does', () => {
    const at = (version: '3.0.3' | '3.1.0') => JSON.stringify(written(version))
    expect(at('3.0.3')).toContain('{"type":"string","nullable":true}')
    expect(at('3.1.0')).toContain('{"type":["string","null"]}')
  })

  test('has a command whose quotes are plain', () => {
    expect(JSON.stringify(written(dialect))).toContain(String.raw`-d '{\"a\":\"it\\u0027s\"}'`)
  })

  test('of a parameter that is no UUID has an example of its own, in the command too', () => {
    const named = { id: { type: 'string', description: 'Its name.', example: 'custom:acme' } }
    const { paths } = writeOperations(
      { ...where, dialect, admin: false },
      { 'PUT /try/:id': { ...operation, named } },
    )
    const text = JSON.stringify(paths)
    expect(text).toContain(`'${where.server}/auth/v1/try/custom:acme'`)
    expect(text).toContain('"schema":{"type":"string"},"example":"custom:acme"')
  })

  test('of a failure in other words is of those alone', () => {
    const answers = { 400: { description: 'Refused.', codes: ['invalid_grant'], schema: { type: 'object' } } }
    const { paths } = writeOperations(
      { ...where, dialect, admin: false },
      { 'PUT /try/:id': { ...operation, answers } },
    )
    const told = paths['/auth/v1/try/{id}']?.put
    expect(told).toMatchObject({
      description: expect.stringContaining('400: `invalid_grant`;'),
      responses: { 400: { description: 'Refused.', content: {} } },
    })
    expect(told).not.toMatchObject({ description: expect.stringContaining('validation_failed') })
  })

  test('with a status that nobody described is a mistake', () => {
    const wrong = { ...operation, errors: { 418: ['teapot'] } }
    expect(() => writeOperations({ ...where, dialect, admin: false }, { 'GET /x': wrong })).toThrow('418')
  })
})

test('the same question has the same object for an answer, of another role another', () => {
  const describeAuth = createAuthDescriber({ prefix: '/auth/v1', adminRoles: () => ['service_role'] })
  const asked = { dialect, server: where.server }
  const [anon, again, service, all] = ['anon', 'authenticated', 'service_role', null].map((role) =>
    describeAuth({ ...asked, role }),
  )
  expect(again).toBe(anon)
  expect(service).not.toBe(anon)
  expect(all).toBe(service)
})
