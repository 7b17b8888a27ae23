/** Keeps the schema cache fresh: loads it, and again on `NOTIFY pgrst` and after a reconnect. */
import type { RestSettings } from '@cascata/shared/project-document'
import type { Database } from '../../session/database.ts'
import {
  loadDatabaseSettings,
  overrideSettings,
  type StoredSettings,
} from '../../session/database-settings.ts'
import { loadSchemaCache } from './load.ts'
import type { SchemaCache } from './types.ts'

/** Runs something later, and can be told not to. */
export type After = (delayMs: number, run: () => void) => { cancel(): void }

const onTimer: After = (delayMs, run) => {
  const timer = setTimeout(run, delayMs).unref()
  return { cancel: () => clearTimeout(timer) }
}

export type KeeperOptions = {
  database: Database
  settings: () => RestSettings
  /** For tests; a timer of the process when absent. */
  after?: After
  onSchemaError?: (error: unknown) => void
  /** Told what the database says of settings, each time it was asked. */
  onSettings?: (found: StoredSettings) => void
}

const RELOADS = ['', 'reload schema', 'reload config']
const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 32_000

export class SchemaKeeper {
  private readonly options: KeeperOptions
  private cache: SchemaCache | null = null
  private found: StoredSettings = {}
  /** The settings last asked for, and what they came to. */
  private merged: { own: RestSettings; found: StoredSettings; result: RestSettings } | null = null
  private loading: Promise<void> | null = null
  /** Asked for while a load was under way: its reading may be the old one. */
  private again = false
  private retryMs = RETRY_FIRST_MS
  private retry: { cancel(): void } | null = null
  private listener: Promise<{ close(): Promise<void> } | null> | null = null
  private closed = false

  constructor(options: KeeperOptions) {
    this.options = options
    void this.reload()
  }

  ready(): boolean {
    return this.cache !== null
  }

  /** The project's settings with the database's own before them: one object until either changes. */
  settings(): RestSettings {
    const own = this.options.settings()
    const { found } = this
    if (this.merged?.own !== own || this.merged.found !== found) {
      this.merged = { own, found, result: overrideSettings(own, found) }
    }
    return this.merged.result
  }

  now(): SchemaCache | null {
    return this.cache
  }

  /** The cache; waits for the first load. Null when that failed. */
  async current(): Promise<SchemaCache | null> {
    if (this.cache === null && this.loading !== null) await this.loading
    return this.cache
  }

  /** Ends when a load that started after this call has ended, well or not. */
  async reload(): Promise<void> {
    if (this.loading !== null) {
      this.again = true
      return this.loading
    }
    this.loading = this.loadUntilCurrent().finally(() => {
      this.loading = null
    })
    return this.loading
  }

  async close(): Promise<void> {
    this.closed = true
    this.retry?.cancel()
    const listener = await this.listener
    await listener?.close()
  }

  private async loadUntilCurrent(): Promise<void> {
    do {
      this.again = false
      await this.load()
    } while (this.again && !this.closed)
  }

  private async load(): Promise<void> {
    this.retry?.cancel()
    try {
      // Listen first: a change while we read must not be missed.
      const { channel } = this.options.settings()
      this.listener ??= channel === null ? null : this.listen(channel)
      if ((await this.listener) === null) this.listener = null
      if (this.listener === null && channel !== null) this.scheduleRetry()
      await this.loadSettings()
      this.cache = await loadSchemaCache(this.options.database, this.settings())
      this.retryMs = RETRY_FIRST_MS
    } catch (error) {
      this.options.onSchemaError?.(error)
      this.scheduleRetry()
    }
  }

  private async loadSettings(): Promise<void> {
    const { database, onSettings } = this.options
    const { databaseSettings, preConfig } = this.options.settings()
    this.found = databaseSettings ? await loadDatabaseSettings(database, preConfig) : {}
    onSettings?.(this.found)
  }

  private async listen(channel: string): Promise<{ close(): Promise<void> } | null> {
    try {
      return await this.options.database.listen(channel, (payload) => {
        if (payload === null || RELOADS.includes(payload)) void this.reload()
      })
    } catch (error) {
      this.options.onSchemaError?.(error)
      return null
    }
  }

  private scheduleRetry(): void {
    if (this.closed) return
    this.retry = (this.options.after ?? onTimer)(this.retryMs, () => void this.reload())
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS)
  }
}
