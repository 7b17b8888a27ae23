/**
 * A value of a result as JSON carries it. What JSON's numbers would bend (int8, numeric, times) stays the text that
 * Postgres wrote.
 */
export type Cell = string | number | boolean | null | object

const BOOL = 16
const NUMBERS = new Set([21, 23, 26, 700, 701]) // int2 int4 oid float4 float8
const JSONS = new Set([114, 3802])

export function toCell(text: string | null, type: number): Cell {
  if (text === null) return null
  if (type === BOOL) return text === 't'
  if (NUMBERS.has(type)) {
    const number = Number(text)
    return Number.isFinite(number) ? number : text
  }
  return JSONS.has(type) ? (JSON.parse(text) as Cell) : text
}
