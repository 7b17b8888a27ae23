/** Texts made to break out of wherever they are put. */
import fc from 'fast-check'

const ATTACKS = [
  ...["'", "''", "'''", '"', '""', '\\', "\\'", '\\"', '`', '$$', '$1', '$9999999', '$a$', "$a$';--$a$"],
  ...[
    "'; drop table book; --",
    "') or 1=1 --",
    '") or ("1"="1',
    '";drop table book;--',
    "x'; commit; begin; --",
  ],
  ...[
    '/*',
    '*/',
    '/**/',
    '--',
    '-- \n',
    ';',
    ';;',
    '; select pg_sleep(9)',
    'select 1; select 2',
    '\u2028',
    '\r\n',
  ],
  ...[
    "E'\\047'",
    "U&'\\0027'",
    'U&"d\\0061t"',
    "x'41'",
    "b'1'",
    "N'a'",
    "' UESCAPE '!'",
    '\\u0027',
    '\\x27',
    '&#39;',
  ],
  ...[
    '%27',
    '%22',
    '%00',
    '%2500',
    '%c0%a7',
    '+',
    '%2B',
    '::text',
    '::regclass',
    '->>',
    '#>>',
    '@@',
    '?|',
    '||',
  ],
  ...[
    "'||(select current_user)||'",
    'pg_read_file',
    '(select 1)',
    'null',
    'NULL',
    'default',
    '{',
    '}',
    '{}',
    '{"',
    '[1]',
  ],
  ...[
    '(any)',
    '(all)',
    ',',
    '.',
    ':',
    '!',
    '()',
    ')',
    '(',
    ')(',
    '.eq.',
    'and(',
    'not.',
    'in.(',
    'as "x"',
    'returning *',
  ],
  ...[
    'ʼ',
    '＇',
    '‘',
    '"',
    '\ufeff',
    '\u0000',
    '\u202e',
    'é',
    '𝔘',
    '\ud83d\ude00',
    '\t',
    ' ',
    '  ',
    '\u00a0',
    '0x1',
    '1e9',
  ],
  ...[
    'public.book',
    '"public"."book"',
    'pg_catalog.pg_authid',
    '_postgrest_t',
    'pgrst_source',
    'pgrst_body',
    'pg_temp.x',
  ],
  ...['__proto__', 'constructor', 'toString', 'length', 'x'.repeat(70), '"'.repeat(64), `${'ü'.repeat(40)}'`],
]

const SPECIAL = [...'\'"\\;-/*$(){}[]<>=,.:!|&%@#~?^`+ \n\tabz019_éü']

/** One text, at most a hundred characters or so. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...ATTACKS), weight: 4 },
  {
    arbitrary: fc
      .array(fc.constantFrom(...ATTACKS), { minLength: 2, maxLength: 3 })
      .map((parts) => parts.join('')),
    weight: 2,
  },
  {
    arbitrary: fc
      .array(fc.constantFrom(...SPECIAL), { minLength: 1, maxLength: 12 })
      .map((parts) => parts.join('')),
    weight: 3,
  },
  { arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), weight: 1 },
)

/** What can be a name: a NUL ends a text before it gets here, an unquoted star is no name, and nothing is none. */
export const hostileName = hostile
  .map((text) => text.replaceAll('\0', '').toWellFormed())
  .filter((text) => text !== '' && text !== '*')
