import { expect, test } from 'vitest'
import { createRecoveryCodes, recoveryCodeHash, spendRecoveryCode } from './recovery-codes.ts'

test('there are ten, all different, in groups of four that are hard to misread', () => {
  const { codes, hashes } = createRecoveryCodes()
  expect(new Set(codes).size).toBe(10)
  for (const code of codes) expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/)
  expect(hashes).toEqual(codes.map(recoveryCodeHash))
})

test('what is stored tells nothing of the codes', () => {
  const { codes, hashes } = createRecoveryCodes()
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(hashes.join()).not.toContain(codes[0])
})

test('each is good once, the others stay good', () => {
  const { codes, hashes } = createRecoveryCodes()
  const [first = '', second = ''] = codes
  const left = spendRecoveryCode(first, hashes)
  expect(left).toHaveLength(9)
  expect(spendRecoveryCode(first, left ?? [])).toBeNull()
  expect(spendRecoveryCode(second, left ?? [])).toHaveLength(8)
})

test('case, spaces and hyphens do not matter; a wrong code does', () => {
  const { codes, hashes } = createRecoveryCodes()
  const [first = ''] = codes
  expect(spendRecoveryCode(` ${first.toUpperCase().replaceAll('-', ' ')} `, hashes)).toHaveLength(9)
  expect(spendRecoveryCode('aaaa-bbbb-cccc-dddd', hashes)).toBeNull()
  expect(spendRecoveryCode('', hashes)).toBeNull()
})
