import { expect, test } from 'vitest'
import { findRole, parseRolePath } from './role-path.ts'

test.each([
  ['.role', ['role']],
  ['.app.role', ['app', 'role']],
  ['."https://acme.example/role"', ['https://acme.example/role']],
  ['.roles[1].name', ['roles', 1, 'name']],
  ['.a_$@9', ['a_$@9']],
  ['.roles[?(@ == "a")]', ['roles', { search: '==', text: 'a' }]],
  ['.roles[0][1:-1]', ['roles', 0, { from: 1, to: -1 }]],
  ['role', undefined],
  ['', undefined],
  ['.role.', undefined],
  ['.roles[x]', undefined],
  ['[0]', undefined],
  ['.roles[?(@ ~ "a")]', undefined],
])('reads %s', (text, expected) => {
  expect(parseRolePath(text)).toEqual(expected)
})

const CLAIMS = { roles: ['reader', 7, 'app_editor', '/staff/'], one: { role: 'boss' } }

test.each([
  ['a name in a name', '.one.role', 'boss'],
  ['a place in an array', '.roles[2]', 'app_editor'],
  ['the first that is the text', '.roles[?(@ == "reader")]', 'reader'],
  ['the first that is another', '.roles[?(@ != "reader")]', 'app_editor'],
  ['the first that begins so', '.roles[?(@ ^== "app_")]', 'app_editor'],
  ['the first that ends so', '.roles[?(@ ==^ "or")]', 'app_editor'],
  ['the first that has it inside', '.roles[?(@ *== "edit")]', 'app_editor'],
  ['what is left of a slice', '.roles[?(@ ^== "app_")][4:]', 'editor'],
  ['what is between two ends', '.roles[3][1:-1]', 'staff'],
  ['a whole slice', '.one.role[:]', 'boss'],
  ['nothing, where the slice leaves nothing', '.one.role[3:1]', undefined],
  ['nothing, where nobody fits', '.roles[?(@ == "nobody")]', undefined],
  ['nothing, where there is no array to search', '.one[?(@ == "boss")]', undefined],
  ['nothing, where a name is no place', '.roles.0', undefined],
])('finds %s', (_sentence, text, expected) => {
  expect(findRole(CLAIMS, parseRolePath(text) ?? [])).toBe(expected)
})
