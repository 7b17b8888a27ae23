/**
 * Globs as GoTrue has them in its allow list: `*` and `?` stop at `.` and `/`, `**` does not; `[a-z]`, `[!a]`, `{a,b}`,
 * and `\` before a character that means itself. Read one character at a time with all ways at once: no pattern and no
 * text makes it slow.
 */

type Step =
  | { kind: 'one'; takes: (character: string) => boolean }
  | { kind: 'many'; takes: (character: string) => boolean }

const ALTERNATIVES_MAX = 64

const isNoSeparator = (character: string): boolean => character !== '.' && character !== '/'
const isAny = (): boolean => true

/** False for a pattern that cannot be read. */
export function matchesGlob(pattern: string, text: string): boolean {
  return (expandBraces(pattern) ?? []).some((one) => {
    const steps = parseSteps(one)
    return steps !== undefined && matches(steps, text)
  })
}

function matches(steps: readonly Step[], text: string): boolean {
  let places = reach(steps, [0])
  for (const character of text) {
    const next: number[] = []
    for (const at of places) {
      const step = steps[at]
      if (step?.takes(character)) next.push(step.kind === 'many' ? at : at + 1)
    }
    places = reach(steps, next)
    if (places.size === 0) return false
  }
  return places.has(steps.length)
}

/** What takes many may also take none. */
function reach(steps: readonly Step[], from: readonly number[]): Set<number> {
  const reached = new Set<number>()
  for (let at of from) {
    while (!reached.has(at)) {
      reached.add(at)
      if (steps[at]?.kind === 'many') at += 1
    }
  }
  return reached
}

function parseSteps(pattern: string): Step[] | undefined {
  const steps: Step[] = []
  const tokens = /\*+|\?|\[(?<not>[!^]?)(?<set>(?:\\.|[^\]\\])+)\]|\\(?<escaped>.)|(?<plain>[^[\\])/gsuy
  while (tokens.lastIndex < pattern.length) {
    const found = tokens.exec(pattern)
    if (found === null) return undefined
    const { not, set, escaped, plain } = found.groups ?? {}
    const literal = escaped ?? plain
    if (literal !== undefined) steps.push({ kind: 'one', takes: (character) => character === literal })
    else if (set !== undefined) {
      const isIn = oneOf(set)
      steps.push({ kind: 'one', takes: (character) => isIn(character) === (not === '') })
    } else if (found[0] === '?') steps.push({ kind: 'one', takes: isNoSeparator })
    else steps.push({ kind: 'many', takes: found[0] === '*' ? isNoSeparator : isAny })
  }
  return steps
}

function oneOf(set: string): (character: string) => boolean {
  const ranges = [...set.matchAll(/(?:\\(.)|(.))(?:-(?:\\(.)|(.)))?/gsu)].map(([, a, b, c, d]) => {
    const from = a ?? b ?? ''
    return [from, c ?? d ?? from] as const
  })
  return (character) => ranges.some(([from, to]) => from <= character && character <= to)
}

/** `{a,b}` written out; undefined when it is not closed, or there are too many. */
function expandBraces(pattern: string): string[] | undefined {
  const open = /^((?:\\.|[^\\{}])*)\{/s.exec(pattern)
  if (open === null) return /^(?:\\.|[^\\{}])*$/s.test(pattern) ? [pattern] : undefined
  const [whole, before = ''] = open
  const end = endOfBraces(pattern, whole.length)
  if (end === undefined) return undefined
  const after = expandBraces(pattern.slice(end.at + 1))
  const expanded: string[] = []
  for (const choice of end.choices) {
    for (const middle of expandBraces(choice) ?? []) {
      for (const rest of after ?? []) expanded.push(before + middle + rest)
      if (expanded.length > ALTERNATIVES_MAX) return undefined
    }
  }
  return expanded
}

function endOfBraces(pattern: string, from: number): { at: number; choices: string[] } | undefined {
  const choices: string[] = []
  let [depth, start] = [0, from]
  for (let at = from; at < pattern.length; at += 1) {
    const character = pattern[at]
    if (character === '\\') at += 1
    else if (character === '{') depth += 1
    else if (depth === 0 && (character === ',' || character === '}')) {
      choices.push(pattern.slice(start, at))
      start = at + 1
      if (character === '}') return { at, choices }
    } else if (character === '}') depth -= 1
  }
  return undefined
}
