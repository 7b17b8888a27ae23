/** The listeners of those who stand in for a server that does not run: opened and closed as the pooler's pass says. */
import { type OpenStandIn, openStandIn } from '../adapters/stand-in.ts'
import type { StandIn, StandIns } from '../reconcile/pooler/stand-ins.ts'
import type { Log } from '../reconcile/task.ts'

export type StandInsDeps = {
  /** Settles when the project's server answers. */
  wake(standIn: StandIn): Promise<void>
  /** Nothing has the project in hand. */
  isFree(ref: string): Promise<boolean>
  passedOn(ref: string): void
  log: Log
}

export function standInsOver({ wake, isFree, passedOn, log }: StandInsDeps): StandIns & { close(): void } {
  const open = new Map<string, { refusal: string | null; listener: OpenStandIn }>()
  const close = (ref: string) => {
    open.get(ref)?.listener.close()
    open.delete(ref)
  }
  return {
    async set(possible) {
      const byRef = new Map(possible.map((each) => [each.ref, each]))
      for (const [ref, { refusal, listener }] of [...open]) {
        const now = byRef.get(ref)
        if (now?.refusal !== refusal || !(now.isDown || (await listener.isFound()))) close(ref)
      }
      for (const each of possible.filter(({ ref, isDown }) => isDown && !open.has(ref))) {
        const { ref, socketDir, refusal } = each
        try {
          const listener = await openStandIn({
            ...{ socketDir, refusal },
            wake: () => wake(each),
            isFree: () => isFree(ref),
            passedOn: () => passedOn(ref),
          })
          if (listener) open.set(ref, { refusal, listener })
        } catch (err) {
          log.warn({ project: ref, err }, 'nobody stands in for its server')
        }
      }
    },
    close() {
      for (const ref of [...open.keys()]) close(ref)
    },
  }
}
