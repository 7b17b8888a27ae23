/** Values as PostgREST's configuration takes them: text may stand for a number or a flag, a list may be one text with commas. */

/** A configuration nobody can start with. The message names settings, never secrets. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid'
}

/** Each reads one setting; null is unset, and so is an empty text. */
export const readers = {
  text(key: string, value: unknown): string | null {
    if (value === undefined || value === null || value === '') return null
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    throw new ConfigInvalid(`${key}: expected text`)
  },
  count(key: string, value: unknown): number | null {
    if (value === undefined || value === null || value === '') return null
    const number = typeof value === 'string' ? Number(value) : value
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number
    throw new ConfigInvalid(`${key}: expected a whole number`)
  },
  flag(key: string, value: unknown): boolean | null {
    if (value === undefined || value === null || value === '') return null
    if (value === true || value === 'true') return true
    if (value === false || value === 'false') return false
    throw new ConfigInvalid(`${key}: expected true or false`)
  },
  list(key: string, value: unknown): string[] | null {
    if (value === undefined || value === null) return null
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
    if (typeof value !== 'string') throw new ConfigInvalid(`${key}: expected names, separated by commas`)
    return value
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
  },
}
