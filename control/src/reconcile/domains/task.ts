/** Finds out whose the claimed names are: looks at their records until one shows it. */
import type { Clock } from '@cascata/shared/clock'
import { Problem } from '@cascata/shared/problem'
import type { NameServers } from '../../adapters/name-records.ts'
import type { DomainRow } from '../../store/tables/domains.ts'
import { type Failure, type Pass, problemAt, type Task } from '../task.ts'
import { type Claim, contestOf, type Judgement, judge, leadsHere, type Place } from './judge.ts'
import { dueInMs } from './pace.ts'

export type DomainStore = {
  list(): Promise<DomainRow[]>
  listUnproven(): Promise<DomainRow[]>
  recordProven(row: Pick<DomainRow, 'id' | 'name'>): Promise<void>
  recordUnproven(id: string, problem: NonNullable<DomainRow['lastProblem']>): Promise<void>
}

export type DomainDeps = {
  domains: DomainStore
  names: NameServers
  /** Whether the name at this address answers with the proof. */
  answers(name: string, address: string, proof: string): Promise<boolean>
  place(): Promise<Place>
  /** A name may be served from now on. */
  proven(): void
  clock: Clock
}

const AT_ONCE = 8

export function domainsTask(deps: DomainDeps): Task {
  return {
    name: 'domains',
    everyMs: 3_600_000,
    async run(signal) {
      const rows = await deps.domains.listUnproven()
      const now = deps.clock.now()
      const due = rows.filter((row) => dueInMs(row, now) === 0)
      const pass: { applied: string[]; failed: Failure[] } = { applied: [], failed: [] }
      if (due.length > 0) {
        const [place, all] = await Promise.all([deps.place(), deps.domains.list()])
        for (let at = 0; at < due.length; at += AT_ONCE) {
          signal.throwIfAborted()
          const few = due.slice(at, at + AT_ONCE)
          await Promise.all(few.map((row) => look(deps, row, { all, place, pass })))
        }
        if (pass.applied.length > 0) deps.proven()
      }
      return { ...pass, ...nextLook(await deps.domains.listUnproven(), deps.clock.now()) }
    },
  }
}

function nextLook(rows: readonly DomainRow[], now: number): Pick<Pass, 'againInMs'> {
  if (rows.length === 0) return {}
  return { againInMs: Math.max(1_000, Math.min(...rows.map((row) => dueInMs(row, now)))) }
}

type Look = { all: readonly DomainRow[]; place: Place; pass: { applied: string[]; failed: Failure[] } }

async function look(deps: DomainDeps, row: DomainRow, { all, place, pass }: Look): Promise<void> {
  try {
    const judged = await judgedByAll(deps, { ...row, contest: contestOf(row, all) }, place)
    if (judged.proven) {
      await deps.domains.recordProven(row)
      pass.applied.push(`${row.name} of ${row.ref}`)
    } else await deps.domains.recordUnproven(row.id, inShort(judged.problem))
  } catch (error) {
    // Of no weight to the others; its next look is the retry.
    if (!(error instanceof Problem)) pass.failed.push({ what: row.name, error })
    await deps.domains.recordUnproven(row.id, inShort(problemAt(`look at ${row.name}`, error)))
  }
}

/** By its records; else by asking the name itself, which whoever stands before it passes on. */
async function judgedByAll(
  { names, answers }: DomainDeps,
  claim: DomainRow & Pick<Claim, 'contest'>,
  place: Place,
): Promise<Judgement> {
  const records = await names.recordsOf(claim.name)
  const judged = judge(claim, records, place)
  const [address] = records.addresses
  if (judged.proven || claim.contest || address === undefined || leadsHere(records, place)) return judged
  return (await answers(claim.name, address, claim.proof)) ? { proven: true } : judged
}

const inShort = ({ code, title, message }: Problem) => ({ code, title, detail: message })
