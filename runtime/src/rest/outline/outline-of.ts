/**
 * The outline of a request, or none. Two requests of one outline differ in values only, so the second need not be
 * parsed. This is a shortcut, never a second grammar: whatever has no outline is parsed.
 */
import type { RestRequestInput } from '../contract.ts'
import { bodyOutlineOf } from './body.ts'
import type { Outline } from './outline.ts'
import { readOutlineOf } from './read.ts'

export function outlineOf(input: RestRequestInput): Outline | null {
  switch (input.method) {
    case 'GET':
    case 'HEAD':
      return readOutlineOf(input)
    case 'POST':
      return bodyOutlineOf(input)
    default:
      return null
  }
}
