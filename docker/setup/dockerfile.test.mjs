import { expect, test } from 'vitest'
import { inputsOf } from './dockerfile.mjs'

test.each([
  ['one base', 'FROM debian:trixie-slim\nRUN true\n', ['debian:trixie-slim'], []],
  ['copied files and folders, whose target is none', 'FROM a\nCOPY x/y z/ /etc/\n', ['a'], ['x/y', 'z']],
  ['lines that go on, with comments between', 'FROM a\nCOPY x \\\n# why\n  y /to/\n', ['a'], ['x', 'y']],
  [
    'stages, which are no images and give no files',
    'FROM a AS one\nFROM b\nCOPY --from=one /x /y\nCOPY z /\n',
    ['a', 'b'],
    ['z'],
  ],
  ['a stage built on another', 'FROM a AS one\nFROM one\n', ['a'], []],
  ['flags', 'FROM --platform=linux/amd64 a\nCOPY --chown=1:1 x /\n', ['a'], ['x']],
])('reads %s', (_sentence, text, images, paths) => {
  expect(inputsOf(text)).toEqual({ images, paths })
})
