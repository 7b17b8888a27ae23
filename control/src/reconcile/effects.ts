/**
 * Where control touches the world. In production a pass-through; in the crash matrix the process kills itself right
 * before or right after one named effect, as a power cut would.
 *
 * Names are `<ref>.<step>`: `shop.db.create`, `_system.edge.switch`. A ref holds no dot, so the first one parts them.
 */
import { writeSync } from 'node:fs'

export type Effects = {
  run<Result>(name: EffectName, effect: () => Promise<Result>): Promise<Result>
}

/** Every step there is: the compiler refuses one that is not in here, so that the crash matrix can miss none. */
export const STEPS = [
  // What the API, and what the jobs and the reconcilers make of it.
  ...['intent.commit', 'operation.complete', 'project.record'],
  ...['operation.succeed', 'operation.verdict', 'operation.fail'],
  // A project's parts.
  ...['directories.ensure', 'document.write', 'files.remove', 'row.remove'],
  ...['db.create', 'db.start', 'db.stop', 'db.remove', 'db.ready', 'db.bootstrap', 'db.starter'],
  ...['runtime.create', 'runtime.start', 'runtime.stop', 'runtime.kill', 'runtime.remove', 'runtime.ready'],
  ...['runtime.connect', 'runtime.disconnect'],
  ...['sleep.begin', 'sleep.end', 'sleep.woken'],
  // The edge, and the instance's own databases.
  ...['edge.certificate', 'edge.write', 'edge.test', 'edge.switch', 'edge.reload', 'edge.probe'],
  ...['edge.prune', 'edge.create', 'edge.start', 'edge.stop', 'edge.remove'],
  ...['pooler.admit', 'pooler.write', 'pooler.test', 'pooler.switch', 'pooler.reload', 'pooler.probe'],
  ...['pooler.expel', 'pooler.prune', 'pooler.create', 'pooler.start', 'pooler.stop', 'pooler.remove'],
  ...['meta.create', 'meta.start', 'meta.stop', 'meta.remove'],
  ...['redis.admit', 'redis.create', 'redis.start', 'redis.stop', 'redis.remove'],
  ...['counters.write', 'counters.read'],
  // Certificates.
  ...['certificate.write', 'certificate.prune', 'certificate.forget'],
  ...['challenge.prune', 'acme.account', 'acme.prepare', 'acme.ask', 'acme.order', 'acme.keep', 'acme.prove'],
  ...['acme.present', 'acme.presented', 'acme.answer', 'acme.finalize', 'acme.store', 'acme.cleanup'],
  ...['acme.cleaned', 'acme.fail', 'acme.postpone', 'acme.window'],
  // Archives.
  ...['backup.rename', 'backup.ready', 'backup.fail'],
  ...['import.insert', 'import.purge', 'import.forget'],
  ...['restore.mark', 'restore.roles', 'restore.staging', 'restore.load', 'restore.swap', 'restore.clear'],
  ...['restore.drop', 'restore.undo'],
  // Upgrades; what they do to containers has the names above.
  ...['upgrade.hold', 'upgrade.shut', 'upgrade.copy', 'upgrade.commit', 'upgrade.migrate', 'upgrade.keep'],
  ...['upgrade.aside', 'upgrade.back', 'upgrade.release', 'upgrade.discard'],
] as const
export type Step = (typeof STEPS)[number]
export type EffectName = `${string}.${Step}`

/** Tells each effect before it happens. */
export const directEffects = (tell: (name: EffectName) => void): Effects => ({
  run(name, effect) {
    tell(name)
    return effect()
  },
})

/** `before:db.create`, `after:runtime.start@shop`. */
export type CrashPoint = { when: 'before' | 'after'; step: Step; ref: string | undefined }

export function parseCrashPoint(text: string): CrashPoint | undefined {
  const match = /^(before|after):([a-z][a-z0-9.-]*)(?:@([a-z_][a-z0-9_-]*))?$/.exec(text)
  const step = STEPS.find((each) => each === match?.[2])
  if (!match || !step) return undefined
  return { when: match[1] === 'before' ? 'before' : 'after', step, ref: match[3] }
}

export function reaches(point: CrashPoint, name: string): boolean {
  const dot = name.indexOf('.')
  const ref = name.slice(0, dot)
  return name.slice(dot + 1) === point.step && (point.ref === undefined || point.ref === ref)
}

/** Ends the process without a goodbye at the given point. */
export const crashingEffects = (point: CrashPoint, tell: (name: EffectName) => void): Effects => ({
  async run(name, effect) {
    tell(name)
    if (!reaches(point, name)) return effect()
    if (point.when === 'after') await effect()
    return die(`killed ${point.when} ${name}`)
  },
})

function die(last: string): Promise<never> {
  // Past the log, which writes in its own time.
  writeSync(process.stderr.fd, `${last}\n`)
  process.kill(process.pid, 'SIGKILL')
  // The signal may take a turn to arrive: nothing may happen in between.
  return new Promise(() => {})
}
