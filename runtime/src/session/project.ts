/**
 * The live project document. Control replaces the file by rename; the runtime takes the new one without a restart.
 * A broken document never takes the place of a good one: it is reported and the last good one stays.
 *
 * The document holds secrets: what is reported names a place in it, never a value.
 */
import { type FSWatcher, watch } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { ProjectDocument } from '@cascata/shared/project-document'
import { overrideSettings, type StoredSettings } from './database-settings.ts'
import { DOCUMENT_SETTLE_MS, DOCUMENT_STAT_EVERY_MS } from './limits.ts'
import { parseRolePath } from './role-path.ts'

export type Project = {
  current(): ProjectDocument
  /** Called with each new document; returns how to stop that. */
  subscribe(onChange: (next: ProjectDocument, previous: ProjectDocument) => void): () => void
  /** What the database says of its settings goes before the document, from now on. */
  amend(found: StoredSettings): void
  /** What it said last. */
  amendments(): StoredSettings
  close(): void
}

type Source = Omit<Project, 'amend' | 'amendments'>

/** A document that does not hold, in words that are safe to log. */
export class DocumentBroken extends Error {
  override readonly name = 'DocumentBroken'
}

export function parseDocument(text: string): ProjectDocument {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, and with it a secret.
    throw new DocumentBroken('it is not JSON')
  }
  const parsed = ProjectDocument.safeParse(value)
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(top)'}: ${issue.message}`)
    throw new DocumentBroken(issues.slice(0, 5).join('; '))
  }
  if (!parseRolePath(parsed.data.rest.roleClaimKey))
    throw new DocumentBroken('rest.roleClaimKey: no path such as .role, .app."my-role" or .roles[0]')
  return parsed.data
}

/** A document that does not change: the runtime was started by itself. */
export const fixedProject = (document: ProjectDocument): Project =>
  amendable({ current: () => document, subscribe: () => () => {}, close: () => {} })

/** One object until the document or the database says something new. */
function amendable(source: Source): Project {
  const listeners = new Set<Parameters<Project['subscribe']>[0]>()
  let found: StoredSettings = {}
  const amended = (document: ProjectDocument): ProjectDocument => {
    const rest = overrideSettings(document.rest, found)
    return rest === document.rest ? document : { ...document, rest }
  }
  let current = amended(source.current())
  const take = (next: ProjectDocument) => {
    const previous = current
    current = amended(next)
    for (const listener of listeners) listener(current, previous)
  }
  source.subscribe(take)
  return {
    current: () => current,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    amend(next) {
      if (JSON.stringify(next) === JSON.stringify(found)) return
      found = next
      take(source.current())
    },
    amendments: () => found,
    close: () => source.close(),
  }
}

/** @throws DocumentBroken, or what reading the file throws: without a first document there is nothing to serve. */
export async function watchProject(input: {
  file: string
  onBroken: (reason: string) => void
  statEveryMs?: number
}): Promise<Project> {
  const { file, onBroken } = input
  const listeners = new Set<(next: ProjectDocument, previous: ProjectDocument) => void>()
  let text = await readFile(file, 'utf8')
  let document = parseDocument(text)

  const reload = async () => {
    const found = await readFile(file, 'utf8')
    if (found === text) return
    text = found
    const previous = document
    document = parseDocument(found)
    for (const listener of listeners) listener(document, previous)
  }
  const look = createLook(file, () =>
    reload().catch((error: unknown) => onBroken(error instanceof Error ? error.message : String(error))),
  )
  const stop = watchFile({ file, look, everyMs: input.statEveryMs ?? DOCUMENT_STAT_EVERY_MS })

  return amendable({
    current: () => document,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: stop,
  })
}

type Look = { now: () => Promise<void>; ifChanged: () => Promise<void> }

/** One reading at a time; a change seen during one leads to another after it. */
function createLook(file: string, read: () => Promise<void>): Look {
  let running: Promise<void> | undefined
  let again = false
  let seen = ''
  const now = (): Promise<void> => {
    if (running) {
      again = true
      return running
    }
    running = read().finally(() => {
      running = undefined
      if (again) {
        again = false
        void now()
      }
    })
    return running
  }
  return {
    now,
    async ifChanged() {
      const mark = await stat(file).then(
        ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
        () => 'gone',
      )
      if (mark === seen || mark === 'gone') return
      seen = mark
      await now()
    },
  }
}

/** Watches the directory, for the file itself is another one after each rename. */
function watchFile({ file, look, everyMs }: { file: string; look: Look; everyMs: number }): () => void {
  let settle: NodeJS.Timeout | undefined
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
      if (name !== null && name !== basename(file)) return
      clearTimeout(settle)
      settle = setTimeout(() => void look.now(), DOCUMENT_SETTLE_MS)
    })
    // The timer below still looks: a lost watch makes a change slow, not unseen.
    watcher.on('error', () => watcher?.close())
  } catch {
    // No watch to be had here (inotify's limit): the timer is all there is.
  }
  const timer = setInterval(() => void look.ifChanged(), everyMs)
  timer.unref()
  return () => {
    watcher?.close()
    clearTimeout(settle)
    clearInterval(timer)
  }
}
