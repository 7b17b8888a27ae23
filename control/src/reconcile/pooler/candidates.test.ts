import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeFiles } from '../../adapters/files.ts'
import { pathsOf } from '../../paths.ts'
import { CURRENT, listCandidates, readUsers, writeCandidate } from './candidates.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cascata-pooler-'))
})
afterEach(() => rmSync(home, { recursive: true }))

test('one whose manifest was cut is half a candidate, and stops nobody from reading the others', async () => {
  const paths = pathsOf(home)
  await mkdir(paths.pooler, { recursive: true })
  for (const number of [1, 2])
    await writeCandidate(nodeFiles, paths, {
      ...{ name: `candidate-${number}`, rendered: { digest: `d${number}`, files: { 'users.txt': 'one' } } },
      expel: ['shop'],
    })
  await nodeFiles.switchLink(join(paths.pooler, CURRENT), 'candidate-2')
  expect(await readUsers(nodeFiles, paths)).toEqual({ users: 'one', expel: ['shop'] })

  await truncate(join(paths.pooler, 'candidate-2/manifest.json'), 8)
  expect(await listCandidates(nodeFiles, paths)).toEqual([
    { name: 'candidate-1', digest: 'd1' },
    { name: 'candidate-2', digest: null },
  ])
  expect(await readUsers(nodeFiles, paths)).toEqual({ users: 'one', expel: [] })
})
