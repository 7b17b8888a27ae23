/**
 * Writes `src/auth/passwords/common-passwords.ts` from a list of passwords, the commonest first.
 *
 *   npm pack @zxcvbn-ts/language-common@4.1.3 && tar xf zxcvbn-ts-language-common-4.1.3.tgz
 *   node runtime/common-passwords.mjs package/dist/index.mjs
 */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const KEPT = 3_000
/** Shorter ones are refused by their length. */
const LENGTH_MIN = 6
const LINE_LENGTH_MAX = 108

const [source] = process.argv.slice(2)
if (!source) {
  console.error('Name the module that has the list: node runtime/common-passwords.mjs package/dist/index.mjs')
  process.exit(2)
}
const { dictionary } = await import(pathToFileURL(resolve(source)).href)
const listed = dictionary['passwords-common'].map((password) => String(password).toLowerCase())
const kept = [...new Set(listed)]
  .filter(
    (password) => password.length >= LENGTH_MIN && /^[!-~]+$/.test(password) && !/[`\\$]/.test(password),
  )
  .slice(0, KEPT)

const lines = ['']
for (const password of kept) {
  const line = lines.at(-1)
  if (line.length + password.length + 1 > LINE_LENGTH_MAX) lines.push(password)
  else lines[lines.length - 1] = line === '' ? password : `${line} ${password}`
}

const text = `/**
 * The ${KEPT.toLocaleString('en')} commonest passwords of six characters and more, in lower case. Written by \`runtime/common-passwords.mjs\`.
 *
 * From @zxcvbn-ts/language-common 4.1.3 (MIT, copyright 2012-2016 Dan Wheeler and Dropbox, Inc., 2021 zxcvbn-ts): zxcvbn's
 * list, in the order of how often leaks have them. People chose them, not we.
 */
const COMMON = \` \\
${lines.map((line) => `${line} \\`).join('\n')}
\`

/** For whoever wants to see each of them. */
export const commonPasswords = (): string[] => COMMON.trim().split(' ')

/** Found by looking through the text: that takes microseconds, and a set of them would take memory for good. */
export function isCommonPassword(password: string): boolean {
  const wanted = password.toLowerCase()
  return wanted !== '' && !wanted.includes(' ') && COMMON.includes(\` \${wanted} \`)
}
`
writeFileSync(join(import.meta.dirname, 'src/auth/passwords/common-passwords.ts'), text)
