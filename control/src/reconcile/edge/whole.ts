/** Which pairs of files a configuration may name: nginx takes them, and they are those of the name they are there for. Pure. */
import { covers } from '../../acme/chain.ts'
import { nameOfPlaceholder } from '../../edge/placeholder.ts'
import type { CheckedRow, LookedPairs } from '../certificates/pairs.ts'

export function wholePairs(
  { looked, checked }: { looked: LookedPairs; checked: readonly CheckedRow[] },
  domain: string,
): Set<string> {
  const kept = Map.groupBy(checked, ({ row }) => row.file)
  const whole = [...looked].filter(([file, pair]) => {
    if (pair.fault !== null) return false
    const rows = kept.get(file)
    if (rows) return rows.some(({ fault }) => fault === null)
    const name = nameOfPlaceholder(domain, file)
    return name === undefined || covers(pair.names, name)
  })
  return new Set(whole.map(([file]) => file))
}

const NAMED = /\/certs\/([a-z0-9_.-]+)\.crt;/g

/** Those that a configuration names. */
export const pairsNamedIn = (text: string): string[] => [
  ...new Set([...text.matchAll(NAMED)].map(([, file = '']) => file)),
]

/**
 * nginx says which file it was about when it gives up: at a line's beginning, for what visitors send may stand behind
 * it. What the system did not let it read, or had no memory for, says nothing of the pair.
 */
const REFUSED =
  /^(?:nginx:|\d{4}\/\d\d\/\d\d [\d:]{8}) \[emerg\] (?![^\n]*(?:BIO_new_file\(\)|system library|malloc failure|\(\d+: ))[^\n]*\/certs\/([a-z0-9_.-]+)\.(?:crt|key)"/m

export const pairRefusedIn = (said: string): string | undefined => REFUSED.exec(said)?.[1]
