/** Small parts of a query, as pieces in order. */
import fc from 'fast-check'
import { hostileName } from './hostile.ts'
import type { Piece } from './pieces.ts'

export const one = <Item>(...items: [Item, ...Item[]]): fc.Arbitrary<Item> => fc.constantFrom(...items)
export const maybe = (chance: number, pieces: fc.Arbitrary<Piece[]>): fc.Arbitrary<Piece[]> =>
  fc.oneof(
    { arbitrary: fc.constant<Piece[]>([]), weight: 100 - chance },
    { arbitrary: pieces, weight: chance },
  )
export const words = (...texts: [string, ...string[]]) => one(...texts).map((text): Piece[] => [text])
export const inOrder = (...parts: fc.Arbitrary<Piece[]>[]): fc.Arbitrary<Piece[]> =>
  fc.tuple(...parts).map((all) => all.flat())
export const listOf = (item: fc.Arbitrary<Piece[]>, max: number, min = 1): fc.Arbitrary<Piece[]> =>
  fc
    .array(item, { minLength: min, maxLength: max })
    .map((items) => items.flatMap((each, at) => (at === 0 ? each : [',', ...each])))
export const text = (pieces: string): fc.Arbitrary<Piece[]> => fc.constant([pieces])

export const aName = (known: readonly string[]): fc.Arbitrary<Piece[]> =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...known).map((name): Piece[] => [{ name }]), weight: 6 },
    { arbitrary: hostileName.map((name): Piece[] => [{ name }]), weight: 1 },
  )
