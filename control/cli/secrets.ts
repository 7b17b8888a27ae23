/** Secrets come from files, never from arguments: those stand in the process list and the shell's history. */
import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { EXIT, Failure } from './failure.ts'

/** What is piped in, by the name that many commands have for it. */
const STDIN = '-'

/** The file's text without its last line end; of an age identity file the key line alone. */
export async function readSecretFile(file: string): Promise<string> {
  const reading = file === STDIN ? textOf(process.stdin) : readFile(file, 'utf8')
  const text = await reading.catch(() => {
    throw new Failure(EXIT.usage, 'file-not-found', `${file} cannot be read`)
  })
  const key = text.split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-'))
  return (key ?? text.replace(/\r?\n$/, '')).trim()
}
