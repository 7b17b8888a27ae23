/**
 * What goes wrong between control and the world: errors, answers that get lost after the work was done, and the
 * death of the process. All of it from a seed.
 */
import type { Chance } from './seeded.ts'

/** Thrown inside a control that is dead: nothing it does after this reaches the world. */
export class Dead extends Error {
  override readonly name = 'Dead'
}

/** One life of the control process. */
export type Life = { alive: boolean }

export type Faults = {
  /** Chance that a call fails, either way. */
  error: number
  /** Chance that the process dies at an effect. */
  crash: number
}

export const noFaults: Faults = { error: 0, crash: 0 }

export class Trouble {
  readonly chance: Chance
  faults: Faults = noFaults
  /** Every call that changed something, in order. */
  readonly mutations: string[] = []

  constructor(chance: Chance) {
    this.chance = chance
  }

  /** A call over the wire: it takes a while, may fail before or after the work, and the caller may die meanwhile. */
  async call<Result>(life: Life, what: string, work: () => Result | Promise<Result>): Promise<Result> {
    if (!life.alive) throw new Dead(what)
    await this.#aWhile()
    if (this.chance.happens(this.faults.error / 2)) throw new Error(`${what}: refused (injected)`)
    const result = await work()
    await this.#aWhile()
    if (!life.alive) throw new Dead(what)
    if (this.chance.happens(this.faults.error / 2)) throw new Error(`${what}: answer lost (injected)`)
    return result
  }

  /** The same seam that the crash matrix uses, with the kill decided by the seed. */
  async effect<Result>(life: Life, name: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#kills(life)) throw new Dead(`before ${name}`)
    const result = await work()
    if (this.#kills(life)) throw new Dead(`after ${name}`)
    return result
  }

  #kills(life: Life): boolean {
    if (life.alive && this.chance.happens(this.faults.crash)) life.alive = false
    return !life.alive
  }

  async #aWhile(): Promise<void> {
    for (let turns = this.chance.below(4); turns > 0; turns--) await Promise.resolve()
  }
}
