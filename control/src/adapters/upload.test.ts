import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReadableStream } from 'node:stream/web'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { receiveFile } from './upload.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cascata-upload-'))
})
afterAll(() => rm(home, { recursive: true }))

const bodyOf = (...chunks: string[]) => ReadableStream.from(chunks.map((text) => Buffer.from(text)))
const wish = { announced: undefined, bytesMax: 10, reserveBytes: 0 }

describe('receiveFile', () => {
  test('writes all of it under its name', async () => {
    const path = join(home, 'whole', 'a.caf')
    expect(await receiveFile(path, { ...wish, body: bodyOf('hello', 'you') })).toBe(8)
    expect(await readFile(path, 'utf8')).toBe('helloyou')
  })

  test.each([
    ['more than allowed', { ...wish, body: bodyOf('hello', 'world!') }, 'upload-too-large'],
    ['announced as more than allowed', { ...wish, announced: 11, body: bodyOf('a') }, 'upload-too-large'],
    ['less than announced', { ...wish, announced: 9, body: bodyOf('hello') }, 'upload-incomplete'],
    ['more than the disk holds', { ...wish, reserveBytes: 2 ** 60, body: bodyOf('a') }, 'disk-full'],
  ])('leaves nothing of an upload that is %s', async (sentence, upload, code) => {
    const directory = join(home, sentence.replaceAll(' ', '-'))
    await expect(receiveFile(join(directory, 'a.caf'), upload)).rejects.toMatchObject({ code })
    expect(await readdir(directory)).toEqual([])
  })

  test('leaves nothing when the sender breaks off', async () => {
    const directory = join(home, 'broken')
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('half'))
      },
      pull(controller) {
        controller.error(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
      },
    })
    await expect(receiveFile(join(directory, 'a.caf'), { ...wish, body })).rejects.toMatchObject({
      code: 'upload-incomplete',
    })
    expect(await readdir(directory)).toEqual([])
  })
})
