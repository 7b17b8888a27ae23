/** How many requests are under way, and the end of that: nothing is queued here, the next one is told when to return. */
import { Overloaded } from './errors.ts'

export type Admission = {
  /** @throws Overloaded. Each `enter` needs one `leave`. */
  enter(): void
  leave(): void
  underWay(): number
  /** Settles when nothing is under way. */
  idle(): Promise<void>
}

export function createAdmission(atOnceMax: number): Admission {
  let underWay = 0
  let waiting: (() => void)[] = []
  return {
    enter() {
      if (underWay >= atOnceMax) throw Overloaded()
      underWay += 1
    },
    leave() {
      underWay -= 1
      if (underWay > 0) return
      for (const settle of waiting) settle()
      waiting = []
    },
    underWay: () => underWay,
    idle: () => (underWay === 0 ? Promise.resolve() : new Promise((settle) => waiting.push(settle))),
  }
}
