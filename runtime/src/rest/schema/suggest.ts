/**
 * "Perhaps you meant": the name nearest to what was asked.
 *
 * Names that share a piece of three letters (else of two) are candidates; edit distance decides among them.
 */
const grams = (text: string, size: number): Set<string> => {
  const padded = `-${lettersOf(text)}-`
  const found = new Set<string>()
  for (let at = 0; at + size <= padded.length; at++) found.add(padded.slice(at, at + size))
  return found
}

function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let at = 1; at <= b.length; at++) {
      const cost = a[row - 1] === b[at - 1] ? 0 : 1
      current.push(
        Math.min((previous[at] ?? 0) + 1, (current[at - 1] ?? 0) + 1, (previous[at - 1] ?? 0) + cost),
      )
    }
    previous = current
  }
  return previous[b.length] ?? 0
}

const lettersOf = (text: string): string => text.replace(/[^\p{L}\p{N} ,]/gu, '')

export type Suggestion = { name: string; score: number }

/** Names by likeness to `asked`, the best first; 1 is the same name. */
export function suggestions(names: readonly string[], asked: string, scoreMin: number): Suggestion[] {
  const wanted = asked.toLowerCase()
  // Who is there needs no likeness.
  const same = names.find((name) => name.toLowerCase() === wanted)
  if (same !== undefined) return [{ name: same, score: 1 }]
  for (const size of [3, 2]) {
    const pieces = grams(wanted, size)
    const near = names
      .filter((name) => [...grams(name.toLowerCase(), size)].some((piece) => pieces.has(piece)))
      .map((name) => {
        const other = name.toLowerCase()
        const score = 1 - distance(wanted, other) / Math.max(wanted.length, other.length, 1)
        return { name, score }
      })
      .filter(({ score }) => score >= scoreMin)
      .sort((a, b) => b.score - a.score)
    if (near.length > 0) return near
  }
  return []
}

export const suggest = (names: readonly string[], asked: string, scoreMin: number): string | null =>
  suggestions(names, asked, scoreMin)[0]?.name ?? null
