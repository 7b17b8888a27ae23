/** A libpq connection string, as a URI or as `key=value` words, as far as a runtime needs one. */
import { ConfigInvalid } from './values.ts'

export type Connection = { host: string; port: number; database: string; user: string; password: string }

/** @throws ConfigInvalid; the message never holds the string, for it may hold a password. */
export function readConnection(text: string | null): Connection {
  if (text === null)
    throw new ConfigInvalid('db-uri: required, for example postgres://authenticator:secret@localhost/app')
  const words = /^postgres(?:ql)?:\/\//.test(text) ? wordsOfUri(text) : wordsOfKeywords(text)
  const { user } = words
  if (user === undefined || user === '') throw new ConfigInvalid('db-uri: names no user')
  const port = Number(words.port ?? 5432)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new ConfigInvalid('db-uri: the port is no port')
  return {
    host: words.host || 'localhost',
    port,
    database: words.dbname || user,
    user,
    password: words.password ?? '',
  }
}

type Words = Partial<Record<'host' | 'port' | 'dbname' | 'user' | 'password', string>>

/** The WHATWG parser knows no empty or percent-encoded host (a socket directory), so the parts are taken by hand. */
const URI =
  /^postgres(?:ql)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?(\[[^\]]*\]|[^:/?]*)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/

function wordsOfUri(text: string): Words {
  const parts = URI.exec(text)
  if (!parts) throw new ConfigInvalid('db-uri: no connection URI')
  const [, user, password, host, port, dbname, query] = parts
  const words: Words = {}
  const put = (key: keyof Words, value: string | undefined) => {
    if (value !== undefined && value !== '') words[key] = decode(value)
  }
  put('user', user)
  put('password', password)
  put('host', host?.replace(/^\[(.*)\]$/, '$1'))
  put('port', port)
  put('dbname', dbname)
  for (const [key, value] of new URLSearchParams(query ?? '')) if (isWord(key)) words[key] = value
  return words
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    throw new ConfigInvalid('db-uri: a percent sign that starts no escape')
  }
}

const KEYWORD = /\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))/y

function wordsOfKeywords(text: string): Words {
  const words: Words = {}
  KEYWORD.lastIndex = 0
  const trimmed = text.trimEnd()
  while (KEYWORD.lastIndex < trimmed.length) {
    const found = KEYWORD.exec(trimmed)
    if (!found) throw new ConfigInvalid('db-uri: neither a URI nor key=value words')
    const [, key = '', quoted, plain = ''] = found
    if (isWord(key)) words[key] = (quoted ?? plain).replace(/\\(.)/g, '$1')
  }
  return words
}

const isWord = (key: string): key is keyof Words =>
  ['host', 'port', 'dbname', 'user', 'password'].includes(key)
