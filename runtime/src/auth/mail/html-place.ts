/**
 * Where in HTML the next character stands, as far as it decides how a value is written there.
 *
 * A small reading of the tokenizer of the HTML standard (13.2.5): text, tags, attributes, comments, and elements whose
 * text is not HTML. Templates are their authors' own; it is the values that must not change what the authors wrote.
 */

export type Place = {
  mode:
    | 'text'
    | 'opening'
    | 'tag-name'
    | 'tag'
    | 'attribute-name'
    | 'after-name'
    | 'before-value'
    | 'double'
    | 'single'
    | 'unquoted'
    | 'comment'
    | 'declaration'
    | 'raw'
  tag: string
  attribute: string
  /** In an attribute that is a URL: nothing read yet, before the query, or after it. */
  url: 'start' | 'path' | 'query'
  /** The last characters, where an end is more than one character long. */
  tail: string
}

export const START: Place = { mode: 'text', tag: '', attribute: '', url: 'start', tail: '' }

/** Their text is no HTML: a value there would be code, or read by rules of its own. */
const RAW = new Set(['script', 'style', 'xmp', 'iframe', 'noembed', 'noframes', 'plaintext', 'template'])
const SPACE = /[\t\n\f\r ]/
const TAIL_LENGTH = 12

export function advance(from: Place, text: string): Place {
  let place = from
  for (const character of text) place = step(place, character)
  return place
}

/** A value was written: it never ends what it stands in. */
export function afterValue(place: Place): Place {
  const mode = place.mode === 'before-value' ? 'unquoted' : place.mode
  return { ...place, mode, url: place.url === 'start' ? 'path' : place.url, tail: '' }
}

/** Two ways that meet again: undefined when they stand in different places. */
export function meet(one: Place, other: Place): Place | undefined {
  if (one.mode !== other.mode || one.tag !== other.tag || one.attribute !== other.attribute) return undefined
  const parts = [one.url, other.url]
  // The stricter reading: a scheme may still come, or all of it is a parameter.
  const url = parts.includes('start') ? 'start' : parts.includes('query') ? 'query' : 'path'
  return { ...one, url, tail: '' }
}

function step(place: Place, character: string): Place {
  const to = (mode: Place['mode'], more: Partial<Place> = {}): Place => ({ ...place, mode, ...more })
  switch (place.mode) {
    case 'text':
      return character === '<' ? to('opening', { tail: '' }) : place
    case 'opening':
      return opened(place, character)
    case 'tag-name':
      if (character === '>') return closed(place)
      return SPACE.test(character) || character === '/'
        ? to('tag')
        : to('tag-name', { tag: place.tag + character.toLowerCase() })
    case 'tag':
    case 'after-name':
      if (character === '>') return closed(place)
      if (character === '=' && place.mode === 'after-name') return to('before-value', { url: 'start' })
      if (SPACE.test(character) || character === '/') return place
      return to('attribute-name', { attribute: character.toLowerCase() })
    case 'attribute-name':
      if (character === '>') return closed(place)
      if (character === '=') return to('before-value', { url: 'start' })
      if (SPACE.test(character)) return to('after-name')
      return character === '/'
        ? to('tag')
        : to(place.mode, { attribute: place.attribute + character.toLowerCase() })
    case 'before-value':
      if (character === '"') return to('double')
      if (character === "'") return to('single')
      if (character === '>') return closed(place)
      return SPACE.test(character) ? place : to('unquoted', { url: read(place.url, character) })
    case 'double':
    case 'single':
      if (character === (place.mode === 'double' ? '"' : "'")) return to('tag', { attribute: '' })
      return { ...place, url: read(place.url, character) }
    case 'unquoted':
      if (character === '>') return closed(place)
      return SPACE.test(character)
        ? to('tag', { attribute: '' })
        : { ...place, url: read(place.url, character) }
    default:
      return within(place, character)
  }
}

/** After `<`: a tag, a comment, or nothing of the kind. */
function opened(place: Place, character: string): Place {
  const tail = place.tail + character
  if (tail === '!--') return { ...place, mode: 'comment', tail: '' }
  if (tail === '!' || tail === '!-') return { ...place, tail }
  if (tail.startsWith('!') || tail === '?') {
    return character === '>' ? { ...START } : { ...place, mode: 'declaration', tail: '' }
  }
  if (tail === '/') return { ...place, tail }
  if (/[a-z]/i.test(character)) return { ...START, mode: 'tag-name', tag: tail.toLowerCase() }
  return character === '<' ? { ...place, tail: '' } : { ...START }
}

function closed({ tag }: Place): Place {
  return RAW.has(tag) ? { ...START, mode: 'raw', tag } : { ...START }
}

/** In what ends by a text of its own. */
function within(place: Place, character: string): Place {
  const tail = (place.tail + character.toLowerCase()).slice(-TAIL_LENGTH)
  if (place.mode === 'declaration') return character === '>' ? { ...START } : place
  if (place.mode === 'comment') return /--!?>$/.test(tail) ? { ...START } : { ...place, tail }
  const end = `</${place.tag}`
  return tail.endsWith(end) ? { ...START, mode: 'tag-name', tag: end.slice(1) } : { ...place, tail }
}

function read(url: Place['url'], character: string): Place['url'] {
  if (url === 'query' || /[?#&]/.test(character)) return 'query'
  return url === 'start' && SPACE.test(character) ? 'start' : 'path'
}
