/** Whether a password may be chosen. Length counts characters as people see them typed: one for each code point. */
import { isCommonPassword } from './common-passwords.ts'

export type PasswordPolicy = {
  minLength: number
  /** Each is a set of characters; the password needs one of every set. */
  requiredCharacters: readonly string[]
  refuseCommon: boolean
}

export type Weakness = 'length' | 'characters' | 'pwned'
export type Weaknesses = { reasons: Weakness[]; message: string }

/** @returns null when it may be used; reasons in GoTrue's words */
export function weaknesses(password: string, policy: PasswordPolicy): Weaknesses | null {
  const { minLength, requiredCharacters, refuseCommon } = policy
  const missing = requiredCharacters.filter((set) => set !== '' && !hasOneOf(password, set))
  const found: [Weakness, string][] = []
  if ([...password].length < minLength) found.push(['length', `It needs at least ${minLength} characters.`])
  if (missing.length > 0)
    found.push(['characters', `It needs a character of each of these: ${missing.join(' ')}`])
  if (refuseCommon && isCommonPassword(password))
    found.push(['pwned', 'It is one of the passwords that are guessed first: choose another one.'])
  if (found.length === 0) return null
  const sentences = found.map(([, sentence]) => sentence)
  return {
    reasons: found.map(([reason]) => reason),
    message: `The password is too weak. ${sentences.join(' ')}`,
  }
}

function hasOneOf(password: string, set: string): boolean {
  const wanted = new Set(set)
  return [...password].some((character) => wanted.has(character))
}
