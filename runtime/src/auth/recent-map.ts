/** A map that forgets what was touched longest ago when it is full: what strangers can fill must not grow. */
export type RecentMap<Value> = {
  get(key: string): Value | undefined
  /** Keeps it as the most recent. */
  set(key: string, value: Value): void
  delete(key: string): void
  size(): number
}

export function createRecentMap<Value>(entriesMax: number): RecentMap<Value> {
  // A Map keeps the order in which keys came: taken out and put in again, a key is the last.
  const entries = new Map<string, Value>()
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size <= entriesMax) return
      const oldest = entries.keys().next()
      if (!oldest.done) entries.delete(oldest.value)
    },
    delete: (key) => void entries.delete(key),
    size: () => entries.size,
  }
}
