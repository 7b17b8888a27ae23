/** The door that opens once: until the runtime can answer, requests are held for a while rather than refused. */
export type Readiness = {
  open(): void
  isOpen(): boolean
  /** @returns whether it opened within the time. */
  wait(timeoutMs: number): Promise<boolean>
}

export function createReadiness(): Readiness {
  let isOpen = false
  const { promise, resolve } = Promise.withResolvers<true>()
  return {
    open() {
      isOpen = true
      resolve(true)
    },
    isOpen: () => isOpen,
    async wait(timeoutMs) {
      if (isOpen) return true
      const late = Promise.withResolvers<false>()
      const timer = setTimeout(() => late.resolve(false), timeoutMs)
      return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
    },
  }
}
