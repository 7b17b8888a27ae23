import { describe, expect, test } from 'vitest'
import { isCommonPassword } from './common-passwords.ts'
import { type PasswordPolicy, weaknesses } from './policy.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const plain: PasswordPolicy = { minLength: 6, requiredCharacters: [], refuseCommon: true }
const strict: PasswordPolicy = { minLength: 10, requiredCharacters: [LETTERS, DIGITS], refuseCommon: true }

describe('weaknesses', () => {
  test.each([
    ['an uncommon word is taken', 'kx7-vogel', plain, []],
    ['too short', 'kx7-v', plain, ['length']],
    ['characters are counted, not UTF-16 units: five faces are five', '😀😀😀😀😀', plain, ['length']],
    ['six faces are six', '😀😀😀😀😀😀', plain, []],
    ['a class is missing', 'vogelvogelvogel', strict, ['characters']],
    ['the wanted classes are there', 'vogelvogel7', strict, []],
    ['among the commonest', 'password', plain, ['pwned']],
    ['whatever its case', 'PassWord', plain, ['pwned']],
    ['common ones pass where that was switched off', 'password', { ...plain, refuseCommon: false }, []],
    ['all at once', 'qwerty', strict, ['length', 'characters', 'pwned']],
    ['nothing', '', plain, ['length']],
    ['a class without characters asks for nothing', 'kx7-vogel', { ...plain, requiredCharacters: [''] }, []],
    ['a hundred and twenty-eight characters and more are taken', 'kx7-vogel'.repeat(100), strict, []],
  ])('%s', (_sentence, password, policy, reasons) => {
    expect(weaknesses(password, policy)?.reasons ?? []).toEqual(reasons)
  })

  test('the message says what is missing and never repeats the password', () => {
    const { message } = weaknesses('geheim', strict) ?? { message: '' }
    expect(message).toContain('at least 10 characters')
    expect(message).toContain(DIGITS)
    expect(message).not.toContain('geheim')
  })
})

describe('the list of common passwords', () => {
  test.each(['123456', 'qwertyuiop', 'iloveyou', 'trustno1', 'michael', 'wassup'])('has %s', (password) => {
    expect(isCommonPassword(password)).toBe(true)
  })

  test.each([
    ['a part of an entry', 'trustno'],
    ['two entries and the space between', '123456 password'],
    ['two entries and a line break between', '7777777\nfuckyou'],
    ['a pattern', '.*'],
    ['a space', ' '],
    ['nothing', ''],
  ])('does not have %s', (_sentence, password) => {
    expect(isCommonPassword(password)).toBe(false)
  })
})
