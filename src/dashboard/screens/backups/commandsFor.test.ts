import { expect, test } from 'vitest'
import { commandsFor } from './commandsFor.ts'

test('there is a ready line for wget, curl and PowerShell, with what PowerShell does not say', () => {
  const lines = commandsFor({ url: 'https://c.example.org/download/T/blog.sql.gz', fileName: 'blog.sql.gz' })
  expect(lines.map(({ line }) => line)).toEqual([
    "wget -c 'https://c.example.org/download/T/blog.sql.gz'",
    "curl -f -C - -o 'blog.sql.gz' 'https://c.example.org/download/T/blog.sql.gz'",
    "Invoke-WebRequest -Uri 'https://c.example.org/download/T/blog.sql.gz' -OutFile 'blog.sql.gz'",
  ])
  expect(lines[2]?.remark).toBe('The shell stays silent until the download completes')
})
