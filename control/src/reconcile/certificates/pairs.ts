/**
 * What the files of certificates are worth, each pair by itself. They are ours alone to write, and still not to be
 * trusted: a disk, a backup that was copied back or a hand may have changed them, and one pair that nginx cannot read
 * is enough for it to refuse every change of everybody's.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '@cascata/shared/clock'
import { keyPurpose } from '../../acme/file.ts'
import { type JudgedPair, type Pair, PAIR_FAULTS, type PairFault } from '../../acme/pair.ts'
import type { Files } from '../../adapters/files.ts'
import type { Seal } from '../../adapters/seal.ts'
import type { Paths } from '../../paths.ts'
import type { CertificateRow } from '../../store/tables/certificates.ts'
import type { Log } from '../task.ts'
import { pairPaths, readPair, writePair } from './pair-files.ts'
import { unreadPairs } from './unread.ts'

export type LookedPair = { fault: PairFault } | { fault: null; certificate: string; names: readonly string[] }

/** By the name of a pair's files, without the ending. */
export type LookedPairs = ReadonlyMap<string, LookedPair>

/** A certificate that is kept, and what its files are like. */
export type CheckedRow = {
  row: CertificateRow
  fault: PairFault | null
  /** What the store has can be served with: the files can be written anew. */
  isKept: boolean
}

export type CertificatePairs = {
  look(): Promise<LookedPairs>
  /** All there are. Tells of each damage once, until it is mended. */
  check(rows: readonly CertificateRow[], looked: LookedPairs): CheckedRow[]
  /** Writes the pair as the store has it, unless it is there already. */
  write(row: CertificateRow): Promise<void>
  /** Writes a placeholder, which no store has. */
  place(file: string, pair: Pair): Promise<void>
  /** nginx has refused it as it is: it is not offered again until somebody stores it again. */
  refuse(file: string): Promise<void>
  /** How often files were written over others that nginx may have read; 0 when it has read them since. */
  unread(): Promise<number>
  /** nginx has read them as they were at that count. */
  read(count: number): Promise<void>
}

type Given = {
  files: Pick<Files, 'list' | 'look' | 'stamp' | 'exists' | 'write' | 'remove'>
  paths: Pick<Paths, 'edgeCertificates' | 'edgeUnread'>
  seal: Pick<Seal, 'open'>
  judge(pair: Pair): JudgedPair
  log: Pick<Log, 'warn'>
  clock: Clock
}

const READ_EVERY_MS = 600_000

export function certificatePairs({ files, paths, seal, judge, log, clock }: Given): CertificatePairs {
  const judgement = remembered(judge)
  /** By digest, when. */
  const refused = new Map<string, number>()
  const known = new Map<string, { stamp: string; found: LookedPair; at: number }>()
  const tell = teller(log, clock)
  const unread = unreadPairs({ files, paths })
  let turn: Promise<unknown> = Promise.resolve()

  /** One at a time: a look sees no half of a write, and a file's temporary name is always the same. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = turn.then(work)
    turn = done.catch(() => {})
    return done
  }

  function judged(pair: Pair): JudgedPair {
    const digest = digestOf(pair)
    return refused.has(digest) ? { fault: 'refused' } : judgement(digest, pair)
  }

  /** Read again when anybody touched them; and now and then all the same, for a disk forgets without being touched. */
  async function lookAt(file: string): Promise<LookedPair> {
    const at = pairPaths(paths, file)
    const stamp = (await Promise.all([files.stamp(at.certificate), files.stamp(at.key)])).join()
    const before = known.get(file)
    if (before?.stamp === stamp && clock.now() - before.at < READ_EVERY_MS) return before.found
    const found = await read(file)
    known.set(file, { stamp, found, at: clock.now() })
    return found
  }

  async function read(file: string): Promise<LookedPair> {
    const pair = await readPair(files, pairPaths(paths, file))
    if (typeof pair === 'string') return { fault: pair }
    const found = judged(pair)
    return found.fault === null ? { ...found, certificate: pair.certificate } : found
  }

  const pairOf = (row: CertificateRow): Pair => ({
    certificate: row.chain,
    key: seal.open(keyPurpose(row.name), row.key),
  })

  /** Asked only where the files are not what they should be. */
  function isKept(row: CertificateRow): boolean {
    try {
      const pair = pairOf(row)
      offerAgain(row, digestOf(pair))
      return judged(pair).fault === null
    } catch {
      return false
    }
  }

  /** Who stores one again that nginx has refused has it tried once more. */
  function offerAgain({ createdAt }: CertificateRow, digest: string): void {
    if (createdAt.getTime() <= (refused.get(digest) ?? Number.POSITIVE_INFINITY)) return
    refused.delete(digest)
    known.clear()
  }

  /** Another may have found the same damage, and mended it meanwhile. */
  async function writeNow(row: CertificateRow): Promise<void> {
    const [pair, at] = [pairOf(row), pairPaths(paths, row.file)]
    const there = await readPair(files, at)
    if (typeof there !== 'string' && digestOf(there) === digestOf(pair)) return
    await writePair(files, at, pair, unread.more)
  }

  async function lookNow(): Promise<LookedPairs> {
    const names = await files.list(paths.edgeCertificates)
    const found = new Set(names.flatMap((name) => /^(.+)\.(?:crt|key)$/.exec(name)?.[1] ?? []))
    for (const file of known.keys()) if (!found.has(file)) known.delete(file)
    return new Map(await Promise.all([...found].map(async (file) => [file, await lookAt(file)] as const)))
  }

  return {
    look: () => inTurn(lookNow),
    check(rows, looked) {
      const checked = rows.map((row): CheckedRow => {
        const found = looked.get(row.file) ?? { fault: 'missing' }
        const there = found.fault === null ? found.certificate : null
        const fault = found.fault ?? (there === row.chain ? null : 'foreign')
        // Where two have one file, who is in it stays: else each would write it over the other, for ever.
        const isTaken =
          fault === 'foreign' && rows.some(({ file, chain }) => file === row.file && chain === there)
        return { row, fault, isKept: fault === null || (!isTaken && isKept(row)) }
      })
      tell(checked)
      return checked
    },
    write: (row) => inTurn(() => writeNow(row)),
    place: (file, pair) => inTurn(() => writePair(files, pairPaths(paths, file), pair, unread.more)),
    async refuse(file) {
      const pair = await readPair(files, pairPaths(paths, file))
      if (typeof pair !== 'string') refused.set(digestOf(pair), clock.now())
      // Other names may have the same pair in files of their own.
      known.clear()
    },
    unread: () => inTurn(unread.count),
    read: (count) => inTurn(() => unread.read(count)),
  }
}

/** Without the key itself: it stays in nobody's memory. */
const digestOf = ({ certificate, key }: Pair): string =>
  createHash('sha256').update(`${certificate.length} `).update(certificate).update(key).digest('hex')

const JUDGED_MAX = 4_000

/** Judging takes half a millisecond, and happens to all of them every few seconds. */
function remembered(judge: (pair: Pair) => JudgedPair) {
  const known = new Map<string, JudgedPair>()
  return (digest: string, pair: Pair): JudgedPair => {
    const found = known.get(digest) ?? judge(pair)
    if (known.size >= JUDGED_MAX) known.clear()
    known.set(digest, found)
    return found
  }
}

/** A certificate that is just stored is about to be written. */
const NEW_MS = 5_000

function teller(log: Pick<Log, 'warn'>, clock: Clock) {
  let told = new Map<string, string>()
  return (checked: readonly CheckedRow[]): void => {
    const now = new Map<string, string>()
    for (const { row, fault, isKept } of checked) {
      const isNew = isKept && clock.now() - row.createdAt.getTime() < NEW_MS
      if (fault === null || isNew) continue
      const [key, news] = [`${row.source} ${row.file}`, `${fault} ${isKept}`]
      now.set(key, news)
      if (told.get(key) === news) continue
      const of = { certificate: row.name, project: row.ref, file: row.file, fault: PAIR_FAULTS[fault] }
      log.warn(of, isKept ? 'certificate damaged: it is written anew' : 'certificate lost: it is not served')
    }
    told = now
  }
}
