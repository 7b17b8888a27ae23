/** One case of the crash matrix, from its beginning to the world that must have come of it. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import type { ApiAnswer, ApiRequest } from './control-api.ts'
import type { ControlContainer } from './control-container.ts'
import type { Cut } from './crash-cuts.ts'
import type { Flow } from './crash-flows.ts'
import type { CrashWorld, OperationFacts } from './crash-world.ts'
import { eventually } from './eventually.ts'

export const CONVERGED_WITHIN_MS = 30_000
const DEAD_WITHIN_MS = 30_000
/** What the engine's copy of a log may take to be there. */
const LOG_BEHIND_MS = 300
/** Exit code of what SIGKILL ended. */
const KILLED = 137

export type CrashRun = { control: ControlContainer; world: CrashWorld }

export const settled = (world: CrashWorld): Promise<void> =>
  eventually(CONVERGED_WITHIN_MS, async () => expect(await world.wrongs()).toEqual([]))

/** Without a kill. @returns the steps it took, each once. */
export async function unharmed({ control, world }: CrashRun, flow: Flow, ref: string): Promise<string[]> {
  await control.start()
  await flow.arrange?.(ref)
  await settled(world)
  if (flow.whileAway) {
    await control.remove()
    await flow.whileAway(ref)
    await control.start()
  }
  const earlier = flow.whileAway ? 0 : await countEffects(control)
  if (flow.request) {
    const { status, body } = await world.api.ask({ key: randomUUID(), ...flow.request(ref) })
    expect([status, body]).toEqual([202, expect.anything()])
  }
  const steps = async () => {
    const names = (await control.effects()).slice(earlier)
    return [...new Set(names.flatMap((name) => stepOf(name, ref) ?? []))].sort()
  }
  // Before anybody looks: whoever asks for a project that the edge has not heard of yet asks the activator, which has
  // effects of its own.
  await eventually(CONVERGED_WITHIN_MS, async () =>
    expect(await steps()).toEqual(expect.arrayContaining([...flow.effects])),
  )
  await converged(world, flow, ref)
  const all = await steps()
  await flow.clear(ref)
  return all
}

/** The engine may be behind with its copy of the log: what was done before must not count as done after. */
async function countEffects(control: ControlContainer): Promise<number> {
  for (let before = -1; ; ) {
    const { length } = await control.effects()
    if (length === before) return length
    before = length
    await pause(LOG_BEHIND_MS)
  }
}

export type Planned = { cut: Cut; flow: Flow }

/**
 * Kills control at the cut, starts it again. The control that mends may already be the one that is to be killed in
 * the next case: that one is about another project.
 * @returns how long the world took from the start on, in milliseconds.
 */
export async function killed(run: CrashRun, planned: Planned, next?: Planned): Promise<number> {
  try {
    return await killAndMend(run, planned, next)
  } catch (error) {
    // One that fails must not stand in the way of the next one.
    await run.control.start().catch(() => undefined)
    await planned.flow.clear(planned.cut.ref).catch(() => undefined)
    throw error
  }
}

async function killAndMend(run: CrashRun, { cut, flow }: Planned, next?: Planned): Promise<number> {
  const { control, world } = run
  const { ref } = cut
  if (control.crashAt !== placeOf(cut)) await begin(run, { cut, flow })
  const early = next && isAboutItself(cut, next) ? next : undefined
  await early?.flow.arrange?.(early.cut.ref)
  const earlier = await recordOf(world, ref)
  const request = flow.request && { key: randomUUID(), ...flow.request(ref) }
  const first = request && (await world.api.ask(request))
  expect(await control.untilDead(DEAD_WITHIN_MS)).toEqual({ exitCode: KILLED, outOfMemory: false })
  const last = `killed ${cut.when} ${ownerOf(cut)}.${cut.step}`
  // The engine may be behind with its copy of the log.
  await eventually(5_000, async () => expect(await control.log()).toContain(last))

  const from = performance.now()
  await control.start(early && placeOf(early.cut))
  if (request) expectOnce(cut, { request, first, again: await answered(world, request) })
  await converged(world, flow, ref)
  const tookMs = performance.now() - from
  expect(tookMs).toBeLessThan(CONVERGED_WITHIN_MS)
  await expectRecord(world, flow, { ref, earlier })
  await flow.clear(ref)
  return tookMs
}

async function begin({ control, world }: CrashRun, { cut, flow }: Planned): Promise<void> {
  // One that is to be killed elsewhere, or was, is of no use to what comes before.
  if (control.crashAt !== undefined) await control.start()
  await flow.arrange?.(cut.ref)
  // Another project's leftovers would bring the edge to the cut before its time.
  if (ownerOf(cut) !== cut.ref) await settled(world)
  await control.remove()
  await flow.whileAway?.(cut.ref)
  await control.start(placeOf(cut))
}

/** Nothing that the case before does to mend the world, or to make room, can reach the next one's cut. */
const isAboutItself = (cut: Cut, { cut: next, flow }: Planned): boolean =>
  ownerOf(next) === next.ref &&
  next.ref !== cut.ref &&
  !flow.apart &&
  !flow.whileAway &&
  !(flow.arrange && isOfEdge(cut))

const isOfEdge = ({ step }: Cut) => step.startsWith('edge.')
const isOfSystem = (cut: Cut) => isOfEdge(cut) || /^(pooler|counters)\./.test(cut.step)
const ownerOf = (cut: Cut) => (isOfSystem(cut) ? '_system' : cut.ref)
const placeOf = (cut: Cut) => `${cut.when}:${cut.step}@${ownerOf(cut)}`

function stepOf(name: string, ref: string): string | undefined {
  const dot = name.indexOf('.')
  const owner = name.slice(0, dot)
  return owner === ref || owner === '_system' ? name.slice(dot + 1) : undefined
}

const converged = (world: CrashWorld, flow: Flow, ref: string): Promise<void> =>
  eventually(CONVERGED_WITHIN_MS, async () => {
    expect(await world.wrongs()).toEqual([])
    await flow.check(ref)
  })

/** The request sent again as a client would: until control is there and says something. */
const answered = (world: CrashWorld, request: ApiRequest): Promise<ApiAnswer> =>
  eventually(CONVERGED_WITHIN_MS, async () => {
    const answer = await world.api.ask(request)
    expect(answer.status).toBeLessThan(500)
    return answer
  })

type Asked = { request: ApiRequest; first: ApiAnswer | undefined; again: ApiAnswer }

/** What was not committed is done now; what was, is not done twice: the first answer comes back, or a refusal. */
function expectOnce({ when, step }: Cut, { request, first, again }: Asked): void {
  if (step === 'intent.commit') expect(first?.status).toBeGreaterThanOrEqual(500)
  if (step === 'intent.commit' && when === 'before') expect(again.status).toBe(202)
  else if (again.status !== 202) expect([409, 412]).toContain(again.status)
  else if (first?.status === 202) expect([request.method, again]).toEqual(['POST', first])
}

type Recorded = { operations: OperationFacts[]; audited: string[] }

const recordOf = async (world: CrashWorld, ref: string): Promise<Recorded> => ({
  operations: await world.operationsOf(ref),
  audited: await world.auditedFor(ref),
})

/** One operation more, one entry in the audit trail more, however often it was asked for. */
async function expectRecord(
  world: CrashWorld,
  { operation }: Flow,
  { ref, earlier }: { ref: string; earlier: Recorded },
): Promise<void> {
  const now = await recordOf(world, ref)
  const more = operation ? [expect.objectContaining(operation)] : []
  expect(now.operations.slice(earlier.operations.length)).toEqual(more)
  expect(now.audited.slice(earlier.audited.length)).toEqual(operation ? [operation.kind] : [])
}
