/** Which of a project's runtimes answers: each has a socket in the same folder, named after its slot. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isReady } from './readiness.ts'
import { waitForAnswer } from './socket-http.ts'

/** By slot; of two runtimes one may be taking over from the other. */
export async function listSockets(httpDir: string): Promise<string[]> {
  const names = await readdir(httpDir).catch(() => [])
  return names
    .filter((name) => /^\d+\.sock$/.test(name))
    .toSorted()
    .map((name) => join(httpDir, name))
}

/** Undefined when none says that it is ready. */
export async function findReadySocket(httpDir: string, waitS = 0): Promise<string | undefined> {
  const paths = await listSockets(httpDir)
  const answers = await Promise.all(paths.map((path) => isReady(path, waitS)))
  return paths.find((_, at) => answers[at])
}

/** Undefined when none has become ready within the time. */
export async function waitForReadySocket(
  httpDir: string,
  { timeoutMs }: { timeoutMs: number },
): Promise<string | undefined> {
  let found: string | undefined
  const ask = async () => {
    found = await findReadySocket(httpDir, WAIT_S)
    return found !== undefined
  }
  await waitForAnswer(ask, { socketPath: join(httpDir, '1.sock'), timeoutMs })
  return found
}

/** One that starts holds the question so long; another may be ready before. */
const WAIT_S = 1
