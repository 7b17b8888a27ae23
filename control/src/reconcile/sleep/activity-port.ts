/** When a project was last in use: its runtimes write it down, and control where it goes past them. */
export type Activity = {
  /** Milliseconds since 1970; null where nothing was written down yet. */
  lastActiveAt(ref: string): Promise<number | null>
  /** Now. What cannot be written down is as good as not done. */
  touch(ref: string): Promise<void>
}
