import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { markdownToHtml } from './markdown.ts'

test.each([
  ['a heading is one', '# Not found\n', '<h1>Not found</h1>'],
  ['lines of a paragraph stay together', 'one\ntwo\n\nthree\n', '<p>one\ntwo</p>\n<p>three</p>'],
  ['lines with a dash are a list', '- a\n- `b`\n  c\n', '<ul><li>a</li><li><code>b</code>\n  c</li></ul>'],
  ['code stands in its line', 'Say `npm start`.', '<p>Say <code>npm start</code>.</p>'],
  ['a fence is left as it is', '```sh\na\n\n# b `c`\n```\n', '<pre><code>a\n\n# b `c`</code></pre>'],
  [
    'nothing becomes markup that is none of ours',
    'a <b> & `<i>`',
    '<p>a &lt;b&gt; &amp; <code>&lt;i&gt;</code></p>',
  ],
])('%s', (_sentence, text, html) => {
  expect(markdownToHtml(text)).toBe(html)
})

test('every page of a problem is written in as much as is known here', async () => {
  const folder = new URL('../../../docs/problems/', import.meta.url)
  const pages = (await readdir(folder)).filter((name) => name.endsWith('.md') && name !== 'README.md')
  expect(pages.length).toBeGreaterThan(50)
  for (const page of pages) {
    const html = markdownToHtml(await readFile(new URL(page, folder), 'utf8'))
    const text = html.replaceAll(/<pre>[\s\S]*?<\/pre>/g, '').replaceAll(/<[^>]+>/g, '')
    expect(text, page).not.toMatch(/`|\]\(|^#|^[-*] |\*\*|&lt;&lt;|====/m)
  }
})
