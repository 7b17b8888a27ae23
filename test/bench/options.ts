/** The bench's arguments. Pure. */
import { parseArgs } from 'node:util'
import type { RestBench } from './rest/bench.ts'
import type { Soak } from './soak/soak.ts'

export type Options = {
  /** Parts to run; all when empty. */
  parts: readonly string[]
  /** The runtime as it stands in this checkout, by itself, with these flags for Node; no instance, no edge. */
  source: { nodeFlags: readonly string[] } | undefined
  rest: Omit<RestBench, 'say'>
  soak: Omit<Soak, 'say'>
  fairness: { seconds?: number; rounds?: number }
  /** Sign-ins whose time is compared. */
  auth: { signIns: number }
}

const EVERYDAY = [{ connections: 32, seconds: 1, rounds: 3 }]
const FULL = [
  { connections: 32, seconds: 2, rounds: 5 },
  ...[1, 16, 64].map((connections) => ({ connections, seconds: 1, rounds: 2 })),
]

const SIGN_INS = 2_000
const SOAK = { quick: 50_000, full: 2_000_000 }

/** @throws on an argument that is not known. */
export function parseOptions(argv: readonly string[], size: 'quick' | 'full'): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      source: { type: 'boolean', default: false },
      node: { type: 'string', multiple: true, default: [] },
      case: { type: 'string', multiple: true, default: [] },
      lane: { type: 'string', multiple: true, default: [] },
      connections: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      requests: { type: 'string' },
      snapshots: { type: 'string' },
    },
  })
  const usual = size === 'full' ? FULL : EVERYDAY
  const wanted = values.connections.map(positive)
  const sizes = wanted.length === 0 ? usual : wanted.map((connections) => ({ ...EVERYDAY[0], connections }))
  return {
    parts: positionals,
    source: values.source ? { nodeFlags: values.node } : undefined,
    soak: {
      requests: values.requests === undefined ? SOAK[size] : positive(values.requests),
      snapshots: values.snapshots,
    },
    fairness: {
      ...(values.seconds === undefined ? {} : { seconds: positive(values.seconds) }),
      ...(values.rounds === undefined ? {} : { rounds: positive(values.rounds) }),
    },
    auth: { signIns: values.requests === undefined ? SIGN_INS : positive(values.requests) },
    rest: {
      cases: values.case,
      lanes: values.lane,
      sizes: sizes.map(({ connections, seconds = 1, rounds = 3 }) => ({
        connections,
        seconds: values.seconds === undefined ? seconds : positive(values.seconds),
        rounds: values.rounds === undefined ? rounds : positive(values.rounds),
      })),
    },
  }
}

function positive(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`${text} is no whole number above zero`)
}
