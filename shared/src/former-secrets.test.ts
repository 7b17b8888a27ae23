import { expect, test } from 'vitest'
import { renewed } from './former-secrets.ts'
import { FORMER_SECRETS_MAX } from './project-document.ts'

const passwords = { supabase_admin: 'a', authenticator: 'b', postgres: 'c' }
const keys = (name: string) => ({
  jwtSecret: name,
  anonKey: `anon ${name}`,
  serviceRoleKey: `service ${name}`,
})

test('new keys keep the secrets of before, latest first, and the passwords', () => {
  const twice = renewed(renewed({ ...keys('one'), passwords }, keys('two')), keys('three'))
  expect(twice).toEqual({ ...keys('three'), passwords, formerJwtSecrets: ['two', 'one'] })
})

test('secrets of long ago are forgotten', () => {
  let secrets = { ...keys('0'), passwords }
  for (let count = 1; count <= 30; count += 1) secrets = renewed(secrets, keys(String(count)))
  expect(secrets).toMatchObject({ formerJwtSecrets: { length: FORMER_SECRETS_MAX, 0: '29' } })
})
