import { describe, expect, test } from 'vitest'
import { parseStoredHash } from './stored-hash.ts'

const SALT = 'c29tZXNhbHQ'
const DIGEST = 'nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'

describe('parseStoredHash refuses', () => {
  test.each([
    ['what is no hash', 'secret'],
    ['nothing', ''],
    ['argon2d, which GoTrue does not take either', `$argon2d$v=19$m=256,t=2,p=1$${SALT}$${DIGEST}`],
    ['an old version of argon2', `$argon2id$v=16$m=256,t=2,p=1$${SALT}$${DIGEST}`],
    ['argon2 with a key id', `$argon2id$v=19$m=256,t=2,p=1,keyid=a$${SALT}$${DIGEST}`],
    ['argon2 with an empty digest: all empty ones are equal', `$argon2id$v=19$m=256,t=2,p=1$${SALT}$`],
    ['argon2 with no digest to speak of', `$argon2id$v=19$m=256,t=2,p=1$${SALT}$YQ`],
    [
      'argon2 that takes more memory than a runtime has',
      `$argon2id$v=19$m=4194304,t=1,p=1$${SALT}$${DIGEST}`,
    ],
    ['argon2 that takes minutes', `$argon2id$v=19$m=65536,t=900,p=1$${SALT}$${DIGEST}`],
    ['argon2 with less memory than lanes need', `$argon2id$v=19$m=8,t=1,p=2$${SALT}$${DIGEST}`],
    ['bcrypt of an unheard-of kind', '$2z$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['bcrypt that takes minutes', '$2b$25$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['bcrypt cut short', '$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe'],
    ['scrypt that takes more memory than a runtime has', `$scrypt$ln=24,r=8,p=1$${SALT}$${DIGEST}`],
    ['scrypt of no rounds', `$scrypt$ln=0,r=8,p=1$${SALT}$${DIGEST}`],
    [
      'Firebase scrypt without a signer key: its digest would be empty',
      `$fbscrypt$v=1,n=14,r=8,p=1$${SALT}$${DIGEST}`,
    ],
    ['Firebase scrypt of a version to come', `$fbscrypt$v=2,n=14,r=8,p=1,sk=${DIGEST}$${SALT}$${DIGEST}`],
    ['what is no base64', `$argon2id$v=19$m=256,t=2,p=1$some salt!$${DIGEST}`],
    ['what is longer than any hash', `$argon2id$v=19$m=256,t=2,p=1$${SALT}$${'a'.repeat(2_000)}`],
  ])('%s', (_sentence, text) => {
    expect(() => parseStoredHash(text)).toThrow(
      expect.objectContaining({ code: 'password-hash-unsupported' }),
    )
  })

  test('without showing anything of the hash', () => {
    const digest = 'x'.repeat(40)
    const refusal = (text: string) => {
      try {
        return parseStoredHash(text)
      } catch (problem) {
        return String(problem)
      }
    }
    for (const text of [digest, `$argon2id$${digest}`, `$scrypt$${digest}`, `$fbscrypt$${digest}`])
      expect(refusal(text)).not.toContain(digest)
  })
})

test('a hash of another house that is within the limits is taken: PHP writes argon2 so', () => {
  expect(parseStoredHash(`$argon2id$v=19$m=65536,t=4,p=1$${SALT}$${DIGEST}`)).toMatchObject({
    memoryKiB: 65_536,
  })
})
