/**
 * Where reconcilers and jobs touch the world. In production a pass-through; in the crash matrix the process kills
 * itself right before or right after one named effect, as a power cut would.
 *
 * Names are `<ref>.<step>`: `shop.db.create`, `_system.edge.switch`. A ref holds no dot, so the first one parts them.
 */
export type Effects = {
  run<Result>(name: string, effect: () => Promise<Result>): Promise<Result>
}

export const directEffects: Effects = { run: (_name, effect) => effect() }

/** `before:db.create`, `after:runtime.start@shop`. */
export type CrashPoint = { when: 'before' | 'after'; step: string; ref: string | undefined }

export function parseCrashPoint(text: string): CrashPoint | undefined {
  const match = /^(before|after):([a-z][a-z0-9.-]*)(?:@([a-z_][a-z0-9_-]*))?$/.exec(text)
  if (!match) return undefined
  return { when: match[1] === 'before' ? 'before' : 'after', step: match[2] ?? '', ref: match[3] }
}

export function reaches(point: CrashPoint, name: string): boolean {
  const dot = name.indexOf('.')
  const ref = name.slice(0, dot)
  return name.slice(dot + 1) === point.step && (point.ref === undefined || point.ref === ref)
}

/** Ends the process without a goodbye at the given point. */
export const crashingEffects = (point: CrashPoint): Effects => ({
  async run(name, effect) {
    if (!reaches(point, name)) return effect()
    if (point.when === 'before') return die()
    await effect()
    return die()
  },
})

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  // The signal may take a turn to arrive: nothing may happen in between.
  return new Promise(() => {})
}
