import { expect, test } from 'vitest'
import { brokenLinks } from './links.ts'

const present = ['/docs/there.md', '/README.md', '/docs/two words.md']

function broken(text: string): string[] {
  return brokenLinks([{ path: 'docs/page.md', text }], (path) => present.some((end) => String(path).endsWith(end)))
}

test.each([
  ['a file beside the page', '[a](there.md)'],
  ['a file elsewhere, with an anchor', '[a](../README.md#use)'],
  ['a name with a space', '[a](two%20words.md)'],
  ['the web', '[a](https://example.com/there) ![b](data:image/png;base64,x)'],
  ['a place on the same page', '[a](#here)'],
  ['a definition', '[a]: there.md'],
  ['code', '`[a](gone.md)`\n```md\n[a](gone.md)\n```\n'],
])('a link to %s is fine', (_, text) => {
  expect(broken(text)).toEqual([])
})

test.each([
  ['a link', 'text\n[a](gone.md) and [b](there.md)', 'docs/page.md:2 links to gone.md, which does not exist'],
  ['a picture', '![a](gone.png "title")', 'docs/page.md:1 links to gone.png, which does not exist'],
  ['a definition', '[a]: gone.md', 'docs/page.md:1 links to gone.md, which does not exist'],
  [
    'a link behind a block of code',
    '```\ncode\n```\n[a](gone.md)',
    'docs/page.md:4 links to gone.md, which does not exist',
  ],
])('%s to nowhere is found', (_, text, message) => {
  expect(broken(text)).toEqual([message])
})
