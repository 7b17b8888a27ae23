import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DocumentBroken, type Project, parseDocument, watchProject } from './project.ts'

const SECRET = 'a-secret-of-this-test-and-no-other-project'
const documentOf = (changes: object = {}) => ({
  version: 1,
  ref: 'acme',
  generation: 1,
  url: 'http://acme.localhost:8080',
  database: { host: '/run/cascata/db', password: 'of this test' },
  jwtSecret: SECRET,
  keys: { anon: 'a', serviceRole: 's' },
  ...changes,
})

let folder: string
let project: Project | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-project-'))
})
afterEach(async () => {
  project?.close()
  await rm(folder, { recursive: true })
})

/** As control writes: another file, then renamed over the old one. */
async function replace(text: string): Promise<void> {
  await writeFile(join(folder, 'project.json.new'), text)
  await rename(join(folder, 'project.json.new'), join(folder, 'project.json'))
}

async function open(statEveryMs = 60_000) {
  const broken: string[] = []
  const onBroken = (reason: string) => broken.push(reason)
  project = await watchProject({ file: join(folder, 'project.json'), onBroken, statEveryMs })
  return { project, broken }
}

describe('watchProject', () => {
  test('takes each document that is renamed into place, and says what was before', async () => {
    await replace(JSON.stringify(documentOf()))
    const { project } = await open()
    const seen: string[] = []
    project.subscribe((next, previous) => seen.push(`${previous.generation} -> ${next.generation}`))
    await replace(JSON.stringify(documentOf({ generation: 2 })))
    await vi.waitFor(() => expect(seen).toEqual(['1 -> 2']))
    await replace(JSON.stringify(documentOf({ generation: 3 })))
    await vi.waitFor(() => expect(seen).toEqual(['1 -> 2', '2 -> 3']))
    expect(project.current().generation).toBe(3)
  })

  test('keeps the last good document when a broken one comes, and takes the next good one', async () => {
    await replace(JSON.stringify(documentOf()))
    const { project, broken } = await open()
    await replace('{"jwtSecret": "half a docu')
    await vi.waitFor(() => expect(broken).toEqual(['it is not JSON']))
    expect(project.current().generation).toBe(1)
    await replace(JSON.stringify(documentOf({ generation: 4 })))
    await vi.waitFor(() => expect(project.current().generation).toBe(4))
  })

  test('finds a change without any event, by looking', async () => {
    await mkdir(join(folder, 'real'))
    await replace(JSON.stringify(documentOf()))
    const { project } = await open(25)
    await writeFile(join(folder, 'project.json'), JSON.stringify(documentOf({ generation: 7 })))
    await vi.waitFor(() => expect(project.current().generation).toBe(7))
  })

  test('tells a listener nothing more once it has left', async () => {
    await replace(JSON.stringify(documentOf()))
    const { project } = await open()
    const heard = vi.fn()
    project.subscribe(heard)()
    await replace(JSON.stringify(documentOf({ generation: 2 })))
    await vi.waitFor(() => expect(project.current().generation).toBe(2))
    expect(heard).not.toHaveBeenCalled()
  })

  test('has nothing to serve without a first good document', async () => {
    await expect(open()).rejects.toThrow('ENOENT')
    await replace('{}')
    await expect(open()).rejects.toThrow(DocumentBroken)
  })
})

describe('what is said of a broken document', () => {
  test.each([
    ['names the place of a missing value', documentOf({ database: { host: '/run' } }), 'database.password'],
    ['names the place of a short secret', documentOf({ jwtSecret: 'hunter2-hunter2' }), 'jwtSecret'],
    [
      'names a role path nobody can walk',
      documentOf({ rest: { roleClaimKey: 'role' } }),
      'rest.roleClaimKey',
    ],
    ['names another version', documentOf({ version: 2 }), 'version'],
  ])('%s', (_sentence, document, place) => {
    expect(() => parseDocument(JSON.stringify(document))).toThrow(place)
  })

  test('never quotes a value', () => {
    for (const text of [
      '{"jwtSecret": "hunter2-hunter2"',
      JSON.stringify(documentOf({ jwtSecret: 'hunter2-hunter2' })),
    ])
      expect(() => parseDocument(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      )
  })
})
