/** Secrets come from files, never from arguments: those stand in the process list and the shell's history. */
import { readFile } from 'node:fs/promises'
import { EXIT, Failure } from './failure.ts'

/** The file's text without its last line end; of an age identity file the key line alone. */
export async function readSecretFile(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Failure(EXIT.usage, 'file-not-found', `${file} cannot be read`)
  })
  const key = text.split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-'))
  return (key ?? text.replace(/\r?\n$/, '')).trim()
}
