import { expect, test } from 'vitest'
import { parseRolePath } from './role-path.ts'

test.each([
  ['.role', ['role']],
  ['.app.role', ['app', 'role']],
  ['."https://acme.example/role"', ['https://acme.example/role']],
  ['.roles[1].name', ['roles', 1, 'name']],
  ['.a_$@9', ['a_$@9']],
  ['role', undefined],
  ['', undefined],
  ['.role.', undefined],
  ['.roles[x]', undefined],
  ['.roles[?(@ == "a")]', undefined],
])('reads %s', (text, expected) => {
  expect(parseRolePath(text)).toEqual(expected)
})
