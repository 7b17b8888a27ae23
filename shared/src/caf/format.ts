/**
 * What a `.caf` is made of: `tar | zstd | age`, with these entries in this order.
 *
 * ```
 * manifest.json            what it is and where it comes from
 * roles.json               the cluster's own roles, memberships and settings
 * database/000000.part ... the bytes of one `pg_dump --format=custom`, cut so that writing needs no temporary file
 * storage/...              kept for objects; no release writes them yet
 * functions/...            kept for functions; no release writes them yet
 * project.json             limits and settings
 * keys.json                the token secret, API keys and secrets of auth's settings
 * digests.json             SHA-256 and length of every entry above, in order
 * signature.json           Ed25519 over the bytes of digests.json
 * ```
 * By hand: `age -d -i key.txt x.caf | zstd -d | tar x && cat database/*.part | pg_restore --list`.
 */
export const CAF_FORMAT = 'cascata-caf'
/** Counts up when an older reader could misread what a newer writer wrote. */
export const CAF_VERSION = 1

export const MANIFEST = 'manifest.json'
export const ROLES = 'roles.json'
export const PROJECT = 'project.json'
export const KEYS = 'keys.json'
export const DIGESTS = 'digests.json'
export const SIGNATURE = 'signature.json'

export const PART_BYTES = 8 * 1024 * 1024

/** `database/000042.part`: the zeroes make the shell's own sorting the right order. */
export const partName = (index: number): string => `database/${String(index).padStart(6, '0')}.part`

/** Where an entry may stand. Only `database` comes more than once in this version. */
const STAGES = [MANIFEST, ROLES, 'database', PROJECT, KEYS, DIGESTS, SIGNATURE] as const
export type Stage = (typeof STAGES)[number]

export type OrderState = { stage: number; parts: number }
export const orderStart: OrderState = { stage: -1, parts: 0 }

export type OrderStep =
  | { ok: true; stage: Stage; next: OrderState }
  | { ok: false; why: 'unknown' | 'order' | 'reserved' }

/** Decides whether `name` may follow what came before. Pure: the reader and the writer both ask it. */
export function stepOrder(state: OrderState, name: string): OrderStep {
  if (name.startsWith('storage/') || name.startsWith('functions/')) return { ok: false, why: 'reserved' }
  if (name.startsWith('database/')) {
    const first = STAGES.indexOf('database')
    const inTurn = state.stage === first - 1 || state.stage === first
    if (!inTurn || name !== partName(state.parts)) return { ok: false, why: 'order' }
    return { ok: true, stage: 'database', next: { stage: first, parts: state.parts + 1 } }
  }
  const at = (STAGES as readonly string[]).indexOf(name)
  const stage = STAGES[at]
  if (stage === undefined || stage === 'database') return { ok: false, why: 'unknown' }
  if (at !== state.stage + 1) return { ok: false, why: 'order' }
  return { ok: true, stage, next: { ...state, stage: at } }
}

export const isComplete = (state: OrderState): boolean => state.stage === STAGES.length - 1
